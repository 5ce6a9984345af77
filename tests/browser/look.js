// Looks at a page as the browser has understood it: what is there that we did not write?
const STRANGE = ['base', 'object', 'embed', 'style', 'frameset', 'portal', 'marquee', 'plaintext']
const LOADING = ['src', 'data', 'action', 'formaction', 'poster', 'background', 'srcdoc', 'xlink:href']
const SCHEMES = ['http:', 'https:', 'mailto:', 'tel:', 'blob:', 'otpauth:']

const addressOf = value => {
  try {
    return new URL(value, location.origin)
  } catch {
    return null // nothing a browser would follow
  }
}

const wrongAttribute = (name, value) => {
  const address = addressOf(value)
  if (name === 'pwned' || name.includes('<') || name === 'style') return true
  if (/^on/i.test(name) || /^(data-)?hx-on/i.test(name)) return true
  if (/^(data-)?hx-(get|post|put|patch|delete|action)$/i.test(name)) return address?.origin !== location.origin || address.pathname === '/evil'
  if (/^(data-)?hx-/i.test(name)) return /^\s*(js|javascript):/i.test(value)
  if (name !== 'href' && !LOADING.includes(name)) return false
  if (!address) return false
  return !SCHEMES.includes(address.protocol) || (LOADING.includes(name) && address.protocol !== 'blob:' && address.origin !== location.origin)
}

const look = page => {
  const found = []
  for (const element of page.querySelectorAll('*')) {
    const bare = element.localName === 'script' && !element.hasAttribute('src')
    const ordering = element.localName === 'meta' && element.httpEquiv
    const wrong = [...element.attributes].find(({name, value}) => wrongAttribute(name, value))
    if (STRANGE.includes(element.localName) || bare || ordering || wrong) found.push(`${wrong?.name ?? ''} ${element.outerHTML.slice(0, 160)}`)
  }
  if ((page.body ?? page).textContent.includes('pwned49pwned')) found.push('a template did the sum')
  return found
}

// Fetches fragments as htmx would, and parses each twice: what is harmless once may not be the second time.
const fragments = async paths => {
  const found = [], statuses = [], box = document.body.appendChild(document.createElement('div'))
  for (const path of paths) {
    const answer = await fetch(path, {headers: {'HX-Request': 'true', 'HX-Request-Type': 'partial'}, redirect: 'manual'})
    statuses.push(answer.status)
    if (answer.headers.has('content-disposition') || !answer.headers.get('content-type')?.startsWith('text/html')) continue
    const text = await answer.text()
    for (const once of [text, null]) {
      box.innerHTML = once ?? box.innerHTML
      found.push(...look(box).map(each => `${path}: ${each}`))
    }
  }
  await new Promise(done => setTimeout(done, 200)) // what was started may still fail, or leave
  return [statuses, found]
}

// What of these mails a mail program would take for more than words. Styles are ours: mails have no other way.
const inMails = mails => {
  const parsed = html => [...new DOMParser().parseFromString(html, 'text/html').querySelectorAll('*')]
  const ours = ({name}) => name === 'style' || name === 'http-equiv'
  const strange = element => ['script', 'base', 'iframe', 'object', 'svg', 'math', 'form'].includes(element.localName)
    || [...element.attributes].some(each => !ours(each) && wrongAttribute(each.name, each.value))
  return mails.flatMap(html => parsed(html).filter(strange).map(element => element.outerHTML.slice(0, 160)))
}

// The texts that would not be found wherever a page might put them without care.
const missed = texts => {
  const places = ['<p>#</p>', '<p>#</p><p title="">', "<p>#</p><p title=''>", '<a href="#">', "<a href='#'>", '<img src="#">', '<a title=#>', '<!-- # -->', '<textarea>#</textarea>', '<script src="/x">"#"</script>']
  const parsed = html => new DOMParser().parseFromString(html, 'text/html')
  const shows = html => look(parsed(html)).length || look(parsed(parsed(html).body.textContent)).length
  return texts.filter(text => !places.some(place => shows(place.replace('#', () => text))))
}
