package osm

import (
	"strconv"
	"strings"
)

// way is a line of a map that has a class of roads.
type way struct {
	id   int64
	refs []int64 // nodes
	tags tags
}

// tags are what is said of a way; a map would be slower for the dozen that there are.
type tags []tag

type tag struct{ key, value string }

func (t tags) get(key string) string {
	for i := range t {
		if t[i].key == key {
			return t[i].value
		}
	}
	return ""
}

// speedKMH is how fast taxis drive on a class of road in a city by day when nothing is in the way:
// the lights are in it. A class that is not here is not driven on.
func speedKMH(class string) float64 {
	switch class {
	case "motorway":
		return 70
	case "trunk":
		return 50
	case "motorway_link":
		return 40
	case "trunk_link":
		return 35
	case "primary":
		return 32
	case "primary_link", "secondary":
		return 28
	case "secondary_link", "tertiary":
		return 24
	case "tertiary_link", "unclassified":
		return 20
	case "residential", "road":
		return 18
	case "living_street", "service":
		return 10
	default:
		return 0
	}
}

// road is what a way is to a taxi.
type road struct {
	speedKMH          float64 // 0: none
	forward, backward bool    // along the nodes, against them
}

// roadOf judges a way by its tags: https://wiki.openstreetmap.org/wiki/Key:access. What is said of
// taxis goes over what is said of public service vehicles, motor vehicles, vehicles and everybody.
func roadOf(t tags) road {
	class := t.get("highway")
	r := road{speedKMH: speedKMH(class), forward: true, backward: true}
	if r.speedKMH == 0 || !allowed(t) || t.get("area") == "yes" {
		return road{}
	}
	if limit := limitKMH(t.get("maxspeed")); limit > 0 {
		r.speedKMH = min(r.speedKMH, limit)
	}
	switch oneway := oneWay(t); oneway {
	case "yes", "true", "1":
		r.backward = false
	case "-1", "reverse":
		r.forward = false
	case "":
		ring := t.get("junction") == "roundabout" || t.get("junction") == "circular"
		r.backward = !ring && !strings.HasPrefix(class, "motorway")
	}
	return r
}

func allowed(t tags) bool {
	for _, key := range []string{"taxi", "psv", "motor_vehicle", "vehicle", "access"} {
		switch t.get(key) {
		case "":
		case "no", "private", "agricultural", "forestry", "delivery", "emergency":
			return false
		default:
			return true
		}
	}
	return true
}

func oneWay(t tags) string {
	for _, key := range []string{"oneway:taxi", "oneway:psv", "oneway:motor_vehicle", "oneway"} {
		if v := t.get(key); v != "" {
			return v
		}
	}
	return ""
}

// limitKMH reads a speed limit, "50", "30 mph"; 0 for none that is a number: "none", "walk",
// "CN:urban".
func limitKMH(s string) float64 {
	const kmhPerMPH = 1.609344
	number, mph := strings.CutSuffix(s, "mph")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(v >= 1 && v <= 200) {
		return 0
	}
	if mph {
		return v * kmhPerMPH
	}
	return v
}
