"""Three words that both phones show before two persons pair.

A stranger who has a code can redeem it under the partner's name. So the inviter asks the partner which words they see,
and confirms only if both phones show the same words.

Each language has 256 short, common and friendly words. No two of them differ by one letter only, and none sounds like
another word with another spelling. None can hurt, refers to a body, or means something rude in a country with the
language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rekindle.domain.help import DEFAULT_LANGUAGE
from rekindle.domain.ids import Language

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNT: Final = 3
"""One redeeming in 16.8 million shows the same three words as another one."""


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WORDS: Final[Mapping[Language, tuple[str, ...]]] = {
    Language("en"): _listed(
        """
        acorn album almond amber anchor apple apricot april atlas august autumn avocado bakery balcony balloon
        bamboo banjo basil basket beacon bench birch blanket blossom bonfire bookshelf breakfast breeze bridge
        brook bubble bucket butter button cabin cactus camera candle canoe canvas carpet castle cedar cello
        chess chimney cinema circle clay clock cloud clover coast comet compass cookie copper cottage cricket
        crystal cupboard curtain cushion daisy december diamond dolphin domino drawer drum eagle easel echo elm
        emerald envelope evening falcon feather fern festival fiddle firefly flamingo flute forest fox galaxy
        garden garlic giraffe glacier gold gondola granite grape guitar hammock harbor harvest hazel hill honey
        horizon igloo indigo island jacket jasmine jewel jigsaw kayak kettle kitchen kite ladder lagoon lake
        lamp lantern lavender lemon letter library lighthouse lilac lily linen lotus lullaby magnet mango maple
        marble market meadow melody mint mirror mitten moon morning mosaic mountain museum napkin nectar nest
        notebook november nutmeg oasis ocean october olive onion opal orange orchard orchid otter owl paddle
        palace pancake panda paper parade parrot pasture peanut pebble pelican pencil penguin pepper piano
        picnic pillow pine planet pocket pond poppy porch postcard potato prairie pumpkin puzzle quilt rabbit
        radio rainbow raspberry ribbon river robin rosemary ruby saffron sailboat salad sandal sapphire
        saxophone scarf seagull september silver sketch sky slipper snowflake sofa sparrow spinach spoon spring
        squirrel stamp star stone strawberry summer sunflower sunrise swan sweater table teapot temple ticket
        tiger tomato tower tractor train trumpet tulip tunnel turtle umbrella valley vanilla velvet village
        violin waffle wagon walnut waterfall window winter yogurt zebra
        """
    ),
    Language("es"): _listed(
        """
        abanico abedul abrigo aceituna aguacate ajedrez alameda aldea alfombra almendra almohada alondra amapola
        ancla anillo arándano arcilla armario arpa arroz atardecer avellana avena azafrán azúcar bahía balcón
        bambú bandera barco barrio baúl biblioteca bicicleta bolígrafo bosque botella botón brisa brújula
        bufanda buzón cacao cactus café cajón calabaza camino camisa campana campo canasta canción canela
        canguro canoa caracol carpeta carretera carta cascada castaño castillo cebolla cebra cedro cereza cesta
        chimenea cigüeña ciruela ciudad clavel cobre cocina cojín colibrí columna cometa copa coral corcho
        cortina cuaderno cuadro cuchara danza delfín desierto diamante domingo durazno eclipse escalera
        esmeralda espejo espiga establo estrella faro fiesta flamenco flauta fogata frambuesa galaxia galleta
        ganso garza girasol globo golondrina gorrión granito granja guante guitarra habitación hamaca helado
        higuera hoja horizonte hormiga huerto iglú invierno isla jabón jardín jarra jazmín jirafa joya juguete
        julio ladrillo lago lámpara lápiz laurel lavanda lechuga lenteja libreta libro limón lince linterna
        lirio lluvia loro luna madera mandarina mantel manzana mapa margarita mármol melodía menta mercado mesa
        miel mochila molino montaña mosaico muelle museo naranja nido nieve nube nuez océano octubre oliva
        orquesta orquídea otoño oveja paisaje palacio palmera panda papel paraguas parque patio peine pelícano
        perla piano pimienta pincel pingüino pintura planeta playa pradera primavera puente puerta pulsera queso
        radio ratón regalo reloj río roble rocío romero rubí sábado salsa sandalia sandía semilla sendero silla
        sofá sol sombrero tambor tango tejado telescopio templo terraza tetera tienda tigre tomate tomillo torre
        tortuga trébol tren trompeta tulipán túnel vainilla vela velero ventana verano viento viernes violeta
        violín zafiro zanahoria zapato
        """
    ),
    Language("fr"): _listed(
        """
        album alouette ananas anneau ardoise assiette atelier atlas aubergine automne avril balançoire balcon
        bambou banjo barque bateau bijou biscuit bol bosquet bougie boulanger boussole bouteille bouton bracelet
        branche brioche brise bureau cabane cacao cactus cadeau café cahier caillou calèche camélia canard canoë
        canyon caramel carotte carte cascade cerise chaise chalet champignon chanson château cheminée chemise
        cheval cigale cinéma citron clairière clarinette clavier cloche coccinelle colibri colline comète compas
        coquelicot coquillage corail corbeille cristal cuillère cuivre dauphin décembre désert diamant dimanche
        domino écharpe écureuil église émeraude enveloppe escalier escargot étoile éventail fauteuil fenêtre
        ferme festival février flamant flocon flûte fontaine foulard fraise framboise fromage galaxie galet
        girafe glacier glycine gondole granit grenier grenouille groseille guirlande guitare hamac haricot harpe
        hirondelle hiver horizon horloge jacinthe janvier jardin jasmin jeudi journal kayak kiwi koala laine
        lampe lanterne lapin laurier lavande lettre lézard libellule licorne lilas lionne livre loutre lundi
        lune maison mandarine mangue manteau marbre mardi marguerite mélodie menthe miel mimosa miroir moineau
        montagne mosaïque mouette moulin muguet musée musique myrtille neige noisette novembre nuage oasis océan
        octobre olive ombrelle orange orchidée oreiller orgue palmier panda papier papillon parapluie parasol
        parfum pêche peinture pélican perle perroquet piano pierre pinceau pivoine plage planète plume pomme
        poney pont porte potager prairie printemps puzzle quai raisin renard rose ruban ruisseau sable safran
        salade samedi sandale saphir savon septembre soleil souris sucre tableau tambour tapis tasse terrasse
        théâtre théière tigre timbre toit tomate topaze tortue tournesol traîneau trèfle trompette tulipe tunnel
        vague valise vallée vanille velours verger village violette violon volcan wagon zèbre
        """
    ),
}
"""The words of each language, one for each value of a byte."""


def three_words(secret: bytes, language: Language) -> list[str]:
    """Return the words for the first three bytes of the secret. Use English for a language without words."""
    words = WORDS.get(language, WORDS[DEFAULT_LANGUAGE])
    return [words[byte] for byte in secret[:COUNT]]
