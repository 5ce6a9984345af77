"""Words of a question that say nothing about what is asked, by language, folded as folding.py folds them. What an
article's own words are is decided before."""

ENGLISH = """
    a able about above actually after again all almost already also although always am an and another any anybody
    anyone anything are around as ask asked asking at away back be because been before being below best bit both but
    by came can cannot come comes could d day dear did didn do does doesn doing don done down during each either
    else even ever every everyone everything exactly few for from further gave get gets getting give given gives go
    goes going gone good got great had happen happened happens has hasn have haven having he hello help helpful her
    here hey hi him his how however i id if im in instead into is isn it its itself ive just kind know later least
    let like little ll look looking lot lots m made make makes making many maybe me mean might mine more most much
    must my myself need needed needs never new next no nobody none nor not nothing now of off often ok okay old on
    once one only onto or other others our ours out over own perhaps pls please possible possibly probably put quite
    rather re really right s same say says see seem seems set shall she should show since so some somehow someone
    something sometimes somewhere soon sorry still such sure t take tell than thank thanks that the their theirs
    them then there these they thing things think this those though thought through thus to together too toward
    tried try trying two u under until up upon us use used using usually ve very via want wanted wants was wasn way
    we well went were weren what whats when where whether which while who whole whom whose why will with within
    without won wonder wondering work works would wouldn x y yeah elses yes yet you your yours yourself thx
"""
GERMAN = """
    aber alle als am an auch auf aus bei bekomme bekommen bin bis bitte brauche brauchen da dann das dass dein dem
    den der des die dies diese dieser doch du durch ein eine einem einen einer eines er es etwas euch euer eure fur
    gegen geht gern gibt habe haben habt hat hatte hier ich ihm ihn ihnen ihr ihre im in ist ja jemand kann kannst
    konnen konnt konnte machen man mein meine meinem meinen meiner mich mir mit mochte mochten muss mussen nach nein
    nicht noch nur ob oder ohne sehr sein seine sich sie sind so soll sollte und uns unser unsere unter viel vom von
    vor war warum was welche welchem welchen welcher welches wenn wer werden wie wieder will wir wird wo wollen
    woher wohin wurde zu zum zur zuruck uber mal gerne
"""
FRENCH = """
    ai ainsi alors au aux avec avez avoir avons bien ce ceci cela ces cet cette chez comme comment d dans de demande
    des doit dois donc du elle elles en entre es est et etes etre faire fait faut il ils j je l la le les leur leurs
    lui ma mais me mes moi mon n ne nos notre nous on ont ou par pas peu peut peux plus pour pouvez pouvoir pourquoi
    puis qu quand que quel quelle quelles quels qui quoi s sa sans se ses si son sont sous sur suis t te temps tes
    toi ton tous tout toute tres tu un une va vais veux voudrais vos votre vous y
"""
SPANISH = """
    al algo antes como con cual cuales cuando cuanto cuanta de del desde donde dos el ella ellos en es esa ese eso
    esta estan estar este esto estoy fue gracias ha hace hacer hacia han hasta hay he hola la las le lo los mas me
    mi mis momento mucho muy necesito no nos nuestro o os para pero poder podemos podria por porque puede pueden
    puedo que quien quiero quisiera se ser si sin sobre son su sus tambien te tener tengo tiene tienen todo todos tu
    un una uno unos usted ustedes vuestra vuestro y ya yo
"""
ITALIAN = """
    che chi ci come cosa da dei del della delle di dove e ho i il in io la le lo mi nel non per piu posso puo puoi
    quale quali quando quanto se si sono su un una vi vorrei avete essere fare tra fra
"""
DUTCH = """
    de een en het hoe ik is kan kunnen jullie mijn met niet van voor wat wanneer wij we zijn u uw op om te dat die
    er
"""
PORTUGUESE = """
    o os as um uma do da dos das em no na como quanto posso voce meu minha para por com nao
"""
NORWEGIAN_DANISH = """
    jeg du vi dere er og i pa til av for med ikke kan hva hvor hvordan nar min mitt mine det den en et har fa om som
"""
SWEDISH = """
    jag ni och att ar hur vad var kan min mitt mina det den
"""
POLISH = """
    czy jak jest w z na do sie moge mam moj
"""

EMPTY = frozenset(
    word
    for language in (ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, DUTCH, PORTUGUESE, NORWEGIAN_DANISH, SWEDISH, POLISH)
    for word in language.split()
)
