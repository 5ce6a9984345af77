"""Questions nobody looks at while tuning: written before there was a search, judged as a whole only.

Whoever improves retrieval uses questions.py, and reads the one number this set gives."""

HELD_OUT: list[tuple[str, set[str]]] = [
    ("I'd like my money returned, I haven't filled in anything yet", {"refunds#money-back-before-we-begin"}),
    ("what's the price of your smallest check?", {"audits#starter-audit"}),
    ("Wie lange dauert es, bis der Bericht fertig ist?", {"delivery#how-long-an-audit-takes"}),
    ("do u have an office i can visit", {"contact#where-we-are"}),
    ("can i pay with paypall", {"payment#ways-to-pay"}),
    ("Quels moyens de paiement acceptez-vous ?", {"payment#ways-to-pay"}),
    ("my card didn't go through when I tried to buy", {"payment#if-a-payment-fails"}),
    ("¿Puedo cancelar la suscripción en cualquier momento?", {
        "upgrades#cancelling-a-subscription", "subscriptions#what-all-subscriptions-have-in-common"}),
    ("are your servers in Europe?", {"security#where-data-is-stored"}),
    ("how do i get all my data removed", {"retention#deleting-earlier", "privacy#your-rights"}),
    ("Do you support Shopify stores?", {"integrations#website-systems-we-know"}),
    ("We need the report by tomorrow, is that possible?", {"delivery#faster-delivery", "add-ons#express"}),
    ("Is there a reduction for charities?", {"audits#discounts"}),
    ("whats the diffrence between starter and profesional", {
        "audits#which-audit-is-right", "audits#professional-audit", "audits#starter-audit"}),
    ("Can I upgrade from Starter later and only pay what is missing?", {"upgrades#moving-to-a-larger-audit"}),
    ("will you sign an NDA with us?", {"security#confidentiality"}),
    ("Quanto costa il piano Partner al mese?", {"subscriptions#partner-plan"}),
    ("Puis-je parler à un être humain ?", {"contact#how-to-reach-us", "contact#telephone"}),
    ("I sent you a file with patient data by accident", {"high-risk-data#if-you-sent-something-by-mistake"}),
    ("can your developers fix the problems you find?", {"what-we-do#do-we-also-make-the-changes"}),
]  # fmt: skip

HELD_OUT_OUTSIDE: list[str] = [
    "What will the weather be like in Oslo on Sunday?",
    "Can you recommend a good pizza recipe?",
    "Do you sell used cars?",
    "Who won the football world cup in 2022?",
    "How do I change the battery of my smartphone?",
    "Wie wird man Pilot?",
    "Could you write my biology homework?",
    "I want to book a flight to Lisbon",
    "What is your opinion on the election?",
    "Do you rent out holiday apartments?",
    "Which medicine helps against headaches?",
    "Can I buy a dishwasher from you?",
    "Quelle est la capitale de l'Australie ?",
    "How tall is Mount Everest?",
    "asdf qwer zxcv",
]
