/// The words that stand for ten bits of a key each: short, common, none like another when it is
/// spoken or has one letter wrong, and none the beginning of another.
///
/// The order is part of what two people compare: it never changes.
enum KeyWordList {
  static let words = text.split { $0 == " " || $0 == "\n" }

  private static let text = """
    abacus absorb accent acorn acre active actor adapt adjust admire adobe adult advice afford
    agenda agree ahead alarm album alcove alert alias alley almond alpine alto amber amount amuse
    analog anchor angle animal answer anthem anvil apple apron aqua arcade archer arctic arena
    argue armor aroma arrow artist ascend aspect aspen assist atlas atom atrium attend attic
    aurora author autumn avocado awake award axis bacon badge bagel baker ballet balloon bamboo
    banana banjo barber barley barn barrel basil basket beach bean beauty beaver become bedrock
    beetle before behind beige bell belong below berry beside beyond bicycle birch bison blank
    blazer blend blossom blue board bobcat bold bonfire bonus book border bottom bounce bowl
    bracket branch brass brave bread brick bridge brief bright bronze broom brother brush bubble
    bucket buckle budget buffet bugle bundle burger burrow busy butter button buzzer cabin cable
    cactus cadet camel camera campus canary candid candle candy canoe canvas canyon captain
    caravan carbon career cargo carpet carrot cashew castle casual catalog cave cedar cello cement
    center cereal chain chalk channel chart cheese chef cherry chime chimney chorus cinema circle
    circus citrus city civic clam class clerk clever client cliff clock closet cloud cobalt
    coconut coffee collar colony column comet concert convoy cookie copper copy coral corner
    cosmic cotton cougar county couple cousin cowboy coyote cradle crane crater cream credit crew
    cricket crimson crisp critic crown cruise crunch crystal cube cuddle cupcake curry cursor
    curtain curve custom cycle cymbal cypress daily dance dapper dawn dazzle debate decade decent
    decimal deck define degree delta deluxe denim depot depth derby design detail dialog diamond
    diary diesel differ dimple dinner direct disco divide doctor dolphin domain dome donut doodle
    double dozen dragon drama drawer dress drift duet dune duplex during dusty eager eagle early
    earth easel east ebony echo eclipse editor effect effort eight elbow elder element eleven
    elite elm embark emblem emerald empire employ energy engage engine enigma enjoy enough ensure
    entry epoch equal equip errand escape essay estate ethics evening event evolve exact excel
    exhibit exit exotic expand expert extra fabric falcon family famous fancy farmer father faucet
    fern ferret fiber fiction fidget field fifty figure filter final finger finish fire firmly
    fish fjord flag flame flash flavor fleet flower fluid foam focus folder folk follow fondue
    forest forge formal forty fossil fourth fox freedom fresh friend fringe frog frost fruit fudge
    future fuzzy gadget galaxy gallery gallon game garage garden garlic garment gazebo gazelle
    gecko general genius genre gentle geyser giant gift giggle giraffe given glacier glad glance
    globe glory glossy goat goblet golf gopher grain granite grape grasp gravel great grid grill
    grove growth guard guava guest guide guitar gymnast habit hair halo hamlet hammer hammock
    hangar happy harbor harmony harp harvest hazel heart hedge helium helmet helper heron hiking
    hinge hobby hockey holiday honest honey horizon hornet horse hotel hover human humble hummus
    hundred hurdle husky hybrid iceberg icon idea iguana image immune impact import income index
    indigo inform ingot inkwell inlet insect intern invent invite iris island itself ivory jacket
    jade jaguar janitor jargon jasmine jaunty jazz jelly jersey jetty jewel jigsaw join journal
    journey joyful juggle jumbo junior jury just kelp kennel kettle khaki kilo kimono kitchen kiwi
    knob label ladder lagoon lake lamp lapse laptop large laser latch laugh laurel lava leaf learn
    ledger legacy legend legume lemon lens lentil lesson letter level lilac lily lime limit linen
    lion liquid list little lizard lobster local locket lodge lofty logic logo lotus lounge lumber
    lunar lunch luxury lyric magic magnet major mammal mango maple marble margin marina market
    marmot marsh marvel mask mason master matrix meadow medal medium melody melon memory mentor
    menu merit meteor method metro micro middle mighty mile mimosa minnow mint minute mirror
    mitten mobile modern moment month mosaic moss motive movie muffin muscle museum muslin mystic
    myth nacho napkin nation native nature navy nearby nebula nectar needle neon nephew nest
    neuron nickel nimble ninety noble nomad north novel nugget nutmeg oasis object oblong oboe
    ocean octopus offer office olive omelet onion onward opal opera optic option orange orbit
    orchid organ origin osprey otter outfit oven oxygen oyster paddle page palace panda panel
    papaya paper parade parcel parent party pasta pastel pastry patrol peanut pearl pebble pecan
    pencil penguin penny people person petal phone photo pickle picnic pigeon pilot pixel pizza
    placid planet plate plaza pliers plum poem polar polish polka porch portal potato powder
    pretty prince prism prize profit proper proton proud public pulley pulsar pump puppet purple
    puzzle python quaint quartz queen quick quiet quiver quiz rabbit radar radio radish raft
    rainbow raisin random ranger rapid rattle raven razor realm recipe record reef reflex region
    relay remedy remote report rescue result reward rhino rhythm ribbon rice ring ripple river
    rope rotate round route rubber ruby ruler runner rustic safari sailor salad salmon salsa salt
    salute samba sample sand satin sauce scarf scenic school scout screen script season second
    secret seesaw senior sequel serene sesame seven sewing shadow shark sheep shelf shiny shirt
    shovel shrimp siesta sieve signal silk silver sister sixty sketch skill sleeve slogan sloth
    smooth snack snail snow soap soccer social sofa sonata sorbet south space speech sphere
    spinach spiral splash sponge spoon sport spring sprout spruce square squash squid stable stage
    stamp starch statue steam steel stereo stitch stone stork straw street studio sturdy subway
    sugar summer summit sunset supply surfer swan swift swim swivel syrup system tablet talent
    tandem tape target tavern taxi teacup teapot tempo tender tennis tent theory thirty thread
    thrive thumb ticket tidy tiger timber tinsel tiptoe tissue title toast tofu tomato tonic topaz
    total toucan tower town trail treaty tree tribe tripod trophy tropic truck trust tulip tundra
    tunnel turkey turnip turtle tuxedo twelve twenty twig ultra uncle unique unit upbeat urban
    useful vacuum value vapor vault vector velvet vendor verb verse vessel video vigor vine violet
    violin virtue visit vista vivid voice volcano volume voyage waffle wagon walnut walrus waltz
    wander warm water wealth whale wheat whimsy wicker willow window winter wisdom wombat word
    wreath wrench writer yacht yard year yellow yodel yoga yogurt yonder young zebra zenith zero
    zigzag zinc zipper zodiac zone
    """
}
