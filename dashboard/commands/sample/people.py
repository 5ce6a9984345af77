"""Invented customers of the sample company, and what they say."""

CUSTOMERS = [
    ("Ingrid Solheim", "ingrid@solheim-arkitekter.example", "solheim-arkitekter.example"),
    ("Tomás Herrera", "tomas@herrera-foto.example", "herrera-foto.example"),
    ("Brightwater Dental", "office@brightwater-dental.example", "brightwater-dental.example"),
    ("Aiko Tanaka", "aiko@tanaka-ceramics.example", "tanaka-ceramics.example"),
    ("Nora Fitzgerald", "nora@fitzgerald-books.example", "fitzgerald-books.example"),
    ("Okafor Logistics", "web@okafor-logistics.example", "okafor-logistics.example"),
    ("Lucas Meyer", "lucas@meyerwerk.example", "meyerwerk.example"),
    ("Priya Raman", "priya@raman-yoga.example", "raman-yoga.example"),
    ("Elena Petrova", "elena@petrova-design.example", "petrova-design.example"),
    ("Café Marguerite", "bonjour@cafe-marguerite.example", "cafe-marguerite.example"),
    ("Samuel Adeyemi", "samuel@adeyemi-law.example", "adeyemi-law.example"),
    ("Wren & Co Interiors", "studio@wren-interiors.example", "wren-interiors.example"),
    ("Hannah Kowalski", "hannah@kowalski-bikes.example", "kowalski-bikes.example"),
    ("Daniel Osei", "daniel@osei-consulting.example", "osei-consulting.example"),
    ("Mei-Ling Chow", "meiling@chow-tea.example", "chow-tea.example"),
    ("Fjord Fysioterapi", "post@fjord-fysio.example", "fjord-fysio.example"),
    ("Giulia Conti", "giulia@conti-vini.example", "conti-vini.example"),
    ("Søren Lindqvist", "soren@lindqvist-bygg.example", "lindqvist-bygg.example"),
    ("Amara Nwosu", "amara@nwosu-events.example", "nwosu-events.example"),
    ("Bakery Holm", "hei@bakery-holm.example", "bakery-holm.example"),
    ("Pedro Almeida", "pedro@almeida-surf.example", "almeida-surf.example"),
    ("Yara Haddad", "yara@haddad-translations.example", "haddad-translations.example"),
    ("Northlight Optics", "shop@northlight-optics.example", "northlight-optics.example"),
    ("Jonas Weber", "jonas@weber-garten.example", "weber-garten.example"),
    ("Claire Dubois", "claire@dubois-avocats.example", "dubois-avocats.example"),
    ("Tern Island Ferries", "desk@tern-ferries.example", "tern-ferries.example"),
    ("Kofi Mensah", "kofi@mensah-music.example", "mensah-music.example"),
    ("Ava Thompson", "ava@thompson-pilates.example", "thompson-pilates.example"),
    ("Rosa Marín", "rosa@marin-joyeria.example", "marin-joyeria.example"),
    ("Old Harbour Hostel", "stay@oldharbour-hostel.example", "oldharbour-hostel.example"),
]
GOALS = [
    "More enquiries from homeowners, fewer from students. The board wants numbers.",
    "More repair requests from the region. Today most visitors only look for opening hours.",
    "People should find the booking page without calling us first.",
    "We rank below a shop that closed last year.",
    "The site feels slow on phones. Two customers said so.",
]
PROBLEMS = [
    "Search results show an old address.", "The menu is hard to use with one hand.", "Pictures load late.",
    "Nobody fills in the contact form.", "We do not know what visitors look for.",
]  # fmt: skip
NOTES = [
    "Prefers mail over calls. Friday afternoons are bad.",
    "Sister company of an earlier customer, same bookkeeper.",
    "Asked for the invoice in two languages.",
    "Wants the findings as a list, not as slides.",
]
SOURCES = ["newsletter", "google", "recommendation", "partner", "Stripe checkout"]
