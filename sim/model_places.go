package sim

// placeKind is what people do at a place; where they go and leave at which hour depends on it.
type placeKind int

// The kinds, in the order of the tables.
const (
	business placeKind = iota + 1
	station
	airport
	university
	nightlife
	home
)

var placeKinds = [...]string{
	"", "business", "station", "airport", "university", "nightlife", "home",
}

// String is the kind's name.
func (k placeKind) String() string { return placeKinds[k] }

// place is a hot spot: a round Gaussian, relative to the city's centre.
type place struct {
	kind          placeKind
	name          string
	eastM, northM float64
	sigmaM        float64
	weight        float64 // the share of Beijing's taxis there
}

// places is Beijing's layout, which every city of the model has. Named places are where the map
// has them, with a width of their own. The weights, the airport's place, and places and widths of
// the five wide areas where people live are fitted: expectation–maximisation over 20,000 of the
// 126,203 moves between two fixes (at 5 to 100 km/h, at most 11 min apart, within 30 km) of 7,907
// Beijing taxis on Monday 2008-02-04, 7 to 10 h. No weight is below 0.003, as that morning says
// little about the night.
var places = []place{
	{business, "Guomao", 5300, -100, 1200, 0.0333},
	{business, "Financial Street", -3200, 700, 1000, 0.0046},
	{business, "Zhongguancun", -6900, 7700, 1300, 0.0108},
	{business, "Wangjing", 7000, 9800, 1500, 0.0436},
	{business, "Yansha", 5600, 4600, 1200, 0.0057},
	{station, "Beijing Railway Station", 2500, -700, 500, 0.0171},
	{station, "West Railway Station", -6400, -1500, 600, 0.0057},
	{station, "South Railway Station", -1600, -4900, 700, 0.0030},
	{station, "Dongzhimen", 3200, 3600, 500, 0.0059},
	{station, "Xizhimen", -3800, 3500, 600, 0.0138},
	{airport, "Capital Airport", 15280, 17060, 1370, 0.0687},
	{university, "Wudaokou", -5200, 9200, 1300, 0.0102},
	{university, "Beitaipingzhuang", -3000, 6000, 1000, 0.0141},
	{university, "Renmin University", -7000, 6200, 1000, 0.0063},
	{nightlife, "Sanlitun", 4900, 3000, 600, 0.0030},
	{nightlife, "Houhai", -1000, 3600, 600, 0.0030},
	{nightlife, "Wangfujing", 1200, 700, 700, 0.0030},
	{home, "south", 680, -3850, 2940, 0.1178},
	{home, "north-east", 2900, 4990, 3330, 0.1858},
	{home, "west", -6930, -1070, 2660, 0.1232},
	{home, "south-west and beyond", -7990, -8410, 8440, 0.0784},
	{home, "the outskirts", 3830, 4610, 9860, 0.2451},
}
