package geo

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

type pair [2]float64

func (p pair) point() Point { return Point{Lat: p[0], Lng: p[1]} }

// TestDatumVectors uses the vectors of eviltransform and coordtransform. Their inverses are
// closed approximations, so ours are held to the distance between the two.
func TestDatumVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/coord_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	type vector struct{ WGS, GCJ, BD pair }
	var v struct {
		Forward   []vector `json:"wgs84_to_gcj02"`
		Simple    []vector `json:"gcj02_to_wgs84_simple"`
		Tolerance struct{ Simple float64 }
		FromBD    []vector `json:"bd09_to_gcj02"`
		ToBD      []vector `json:"gcj02_to_bd09"`
		BDtoWGS   []vector `json:"bd09_to_wgs84"`
		Distance  []struct {
			A, B   pair
			M, Tol float64
		} `json:"distance_m"`
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	near := func(what string, got Point, want pair, tolM float64) {
		t.Helper()
		if d := DistanceM(got, want.point()); !(d <= tolM) {
			t.Errorf("%s: %v, want %v, off by %v m", what, got, want, d)
		}
	}
	must := func(p Point, err error) Point {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, x := range v.Forward {
		near("wgs to gcj", must(FromWGS84(GCJ02, x.WGS.point())), x.GCJ, 1e-5)
		near("gcj to wgs", must(ToWGS84(GCJ02, x.GCJ.point())), x.WGS, 1e-3)
	}
	for _, x := range v.Simple {
		near("gcj to wgs", must(ToWGS84(GCJ02, x.GCJ.point())), x.WGS, 5)
	}
	for _, x := range v.ToBD {
		near("gcj to bd", toBD(x.GCJ.point()), x.BD, 1e-5)
	}
	for _, x := range v.FromBD {
		near("bd to gcj", must(FromWGS84(GCJ02, must(ToWGS84(BD09, x.BD.point())))), x.GCJ, 1.5)
	}
	for _, x := range v.BDtoWGS {
		// These were made with π in the swirl where the formula has 3000π/180, which moves a
		// point by up to 60 m: computed with π they agree to a centimetre.
		near("bd to wgs", must(ToWGS84(BD09, x.BD.point())), x.WGS, 60)
	}
	for _, x := range v.Distance {
		// The vector's sphere has the radius of the equator.
		got := DistanceM(x.A.point(), x.B.point()) * 6378137 / EarthRadiusM
		if math.Abs(got-x.M) > x.Tol {
			t.Errorf("distance %v, want %v", got, x.M)
		}
	}
	if len(v.Forward)*len(v.Simple)*len(v.FromBD)*len(v.ToBD)*len(v.BDtoWGS)*len(v.Distance) == 0 {
		t.Error("vectors are missing")
	}
}

var chinese = map[string]Point{
	"beijing": {39.9087, 116.3975}, "shanghai": {31.2304, 121.4737}, "chengdu": {30.657, 104.066},
	"guangzhou": {23.129, 113.264}, "shenzhen": {22.5438, 114.0579}, "hangzhou": {30.274, 120.155},
	"hong kong": {22.2855, 114.1577}, "macau": {22.1987, 113.5439}, "sanya": {18.2528, 109.5119},
	"xiamen": {24.4798, 118.0894}, "fuzhou": {26.0745, 119.2965}, "dalian": {38.914, 121.6147},
	"dandong": {40.1290, 124.3850}, "heihe": {50.245, 127.499}, "mohe": {52.972, 122.538},
	"fuyuan": {48.364, 134.308}, "hunchun": {42.8679, 130.366}, "suifenhe": {44.396, 131.151},
	"manzhouli": {49.5978, 117.4316}, "erenhot": {43.653, 111.977}, "altay": {47.827, 88.141},
	"urumqi": {43.8256, 87.6168}, "kashgar": {39.4704, 75.9898}, "khorgos": {44.2130, 80.4200},
	"yining": {43.909, 81.278}, "lhasa": {29.65, 91.1}, "shigatse": {29.2669, 88.8806},
	"ruili": {24.0128, 97.8519}, "jinghong": {22.007, 100.797}, "hekou": {22.5294, 103.9394},
	"pingxiang": {22.0943, 106.766}, "dongxing": {21.5478, 107.972}, "changbai": {41.42, 128.2010},
	"ji'an": {41.1253, 126.1940}, "tumen": {42.968, 129.8435}, "zhoushan": {29.9853, 122.2072},
	"weihai": {37.5131, 122.1204}, "tongjiang": {47.642, 132.51}, "hulin": {45.762, 132.937},
	"tacheng": {46.745, 82.98}, "nyingchi": {29.649, 94.361}, "yadong": {27.485, 88.907},
}

var foreign = map[string]Point{
	"taipei": {25.033, 121.5654}, "kaohsiung": {22.6273, 120.3014}, "penghu": {23.5711, 119.5793},
	"taichung": {24.1477, 120.6736}, "seoul": {37.5665, 126.978}, "pyongyang": {39.0392, 125.7625},
	"sinuiju": {40.0990, 124.4000}, "tokyo": {35.6762, 139.6503}, "hanoi": {21.0278, 105.8342},
	"mong cai": {21.5200, 107.9590}, "vladivostok": {43.1155, 131.8855},
	"khabarovsk": {48.4802, 135.0719}, "blagoveshchensk": {50.29, 127.53},
	"ulaanbaatar": {47.8864, 106.9057}, "almaty": {43.222, 76.8512}, "bishkek": {42.8746, 74.5698},
	"kathmandu": {27.7172, 85.324}, "thimphu": {27.4728, 89.639}, "delhi": {28.6139, 77.209},
	"mandalay": {21.9588, 96.0891}, "vientiane": {17.9757, 102.6331}, "manila": {14.5995, 120.9842},
	"islamabad": {33.6844, 73.0479}, "dushanbe": {38.5598, 68.787}, "singapore": {1.3521, 103.8198},
	"new york": {40.7128, -74.006}, "leh": {34.1526, 77.5771}, "chita": {52.034, 113.501},
}

func TestInChina(t *testing.T) {
	for name, p := range chinese {
		if !InChina(p) {
			t.Errorf("%s is out", name)
		}
	}
	for name, p := range foreign {
		if InChina(p) {
			t.Errorf("%s is in", name)
		}
		for _, d := range []Datum{WGS84, GCJ02, BD09} {
			to, err := ToWGS84(d, p)
			if from, err2 := FromWGS84(d, p); err != nil || err2 != nil || to != p || from != p {
				t.Errorf("%s in %v: %v and %v (%v, %v)", name, d, to, from, err, err2)
			}
		}
	}
}

func TestDatumRoundTrip(t *testing.T) {
	const seed = 12
	r := rand.New(rand.NewPCG(seed, 1))
	var worstM, leastM float64 = 0, math.Inf(1)
	for range 20_000 {
		p := Point{Lat: 18 + 35*r.Float64(), Lng: 74 + 60*r.Float64()}
		for _, d := range []Datum{GCJ02, BD09} {
			q := shifted(d, p)
			if !InChina(p) || !InChina(q) {
				continue
			}
			back, err := ToWGS84(d, q)
			if err != nil {
				t.Fatal(err)
			}
			worstM = max(worstM, DistanceM(p, back))
			leastM = min(leastM, DistanceM(p, q))
		}
	}
	if worstM > 1e-3 || leastM < 10 {
		t.Errorf("seed %d: round trips are off by up to %v m, shifts are %v m or more",
			seed, worstM, leastM)
	}
}

func TestDatumRefusals(t *testing.T) {
	var badPoint *PointError
	var badDatum *DatumError
	for _, convert := range []func(Datum, Point) (Point, error){ToWGS84, FromWGS84} {
		if _, err := convert(GCJ02, Point{Lat: math.NaN()}); !errors.As(err, &badPoint) {
			t.Errorf("NaN: %v", err)
		}
		if _, err := convert(0, Point{}); !errors.As(err, &badDatum) {
			t.Errorf("no datum: %v", err)
		}
	}
	for _, d := range []Datum{WGS84, GCJ02, BD09} {
		if got, err := ParseDatum(d.String()); got != d || err != nil {
			t.Errorf("%v: %v, %v", d, got, err)
		}
	}
	if _, err := ParseDatum("GPS"); !errors.As(err, &badDatum) || badDatum.Input != "GPS" {
		t.Errorf("GPS: %v", err)
	}
}
