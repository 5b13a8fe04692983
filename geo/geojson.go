package geo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// MaxAreaBytes is how long the text of an area is at most.
const MaxAreaBytes = 256 << 10

// geometry is a geometry of GeoJSON. A bbox is allowed by the standard, and says nothing new.
type geometry struct {
	Type        string          `json:"type"`
	Coordinates json.RawMessage `json:"coordinates"`
	BBox        json.RawMessage `json:"bbox"`
}

// ParseArea reads a GeoJSON geometry (RFC 7946) of type Polygon or MultiPolygon: corners as
// [longitude, latitude], WGS-84, each ring closed, the outline first and then its holes, in either
// sense. An *AreaError names what is wrong: an unknown key or type, a corner that is not on the
// earth, a ring that is open, has less than three corners or meets itself or another one, a hole
// outside of its outline, an edge over the antimeridian (the standard wants the area cut there), or
// more than MaxAreaBytes or MaxAreaCorners.
func ParseArea(text []byte) (Area, error) {
	if len(text) > MaxAreaBytes {
		return Area{}, areaError("area", "longer than %d bytes", MaxAreaBytes)
	}
	var g geometry
	if err := decodeOne(text, &g); err != nil {
		return Area{}, areaError("area", "not a geometry of GeoJSON: %v", err)
	}
	polygons := make([][][][]float64, 1)
	key := func(int) string { return "coordinates" }
	var err error
	switch g.Type {
	case "Polygon":
		err = decodeOne(g.Coordinates, &polygons[0])
	case "MultiPolygon":
		key = func(i int) string { return fmt.Sprintf("coordinates[%d]", i) }
		err = decodeOne(g.Coordinates, &polygons)
	default:
		return Area{}, areaError("type", "%.40q is neither Polygon nor MultiPolygon", g.Type)
	}
	if err != nil {
		return Area{}, areaError("coordinates", "not those of a %s: %v", g.Type, err)
	}
	if len(polygons) == 0 {
		return Area{}, areaError("coordinates", "no polygon")
	}
	return areaOf(polygons, key)
}

// areaOf makes an area of coordinates; key is where those of a polygon are in the text.
func areaOf(polygons [][][][]float64, key func(polygon int) string) (Area, error) {
	corners := 0
	for _, rings := range polygons {
		for _, r := range rings {
			corners += max(0, len(r)-1)
		}
	}
	if corners > MaxAreaCorners {
		return Area{}, areaError("coordinates", "%d corners, at most %d", corners, MaxAreaCorners)
	}
	var a Area
	for i, rings := range polygons {
		g, err := polygonOf(rings, key(i))
		if err != nil {
			return Area{}, err
		}
		a.polygons = append(a.polygons, g)
	}
	return a, nil
}

func polygonOf(rings [][][]float64, key string) (polygon, error) {
	var g polygon
	if len(rings) == 0 {
		return g, areaError(key, "no ring")
	}
	for i, coordinates := range rings {
		r, err := ringOf(coordinates, fmt.Sprintf("%s[%d]", key, i))
		if err != nil {
			return g, err
		}
		g.rings = append(g.rings, r)
	}
	g.box = boxOf(g.rings[0])
	return g, g.check(key)
}

// minPositions is how many positions a ring has at least: three corners, and the first once more.
const minPositions = 4

func ringOf(positions [][]float64, key string) (ring, error) {
	if len(positions) < minPositions {
		return nil, areaError(key, "%d positions, at least %d", len(positions), minPositions)
	}
	var r ring
	for i, position := range positions {
		at := fmt.Sprintf("%s[%d]", key, i)
		if n := len(position); n != 2 && n != 3 { // the third is a height
			return nil, areaError(at, "%d numbers: [longitude, latitude] is wanted", n)
		}
		p := Point{Lat: position[1], Lng: position[0]}
		if err := p.Check(); err != nil {
			return nil, areaError(at, "[longitude, latitude] is wanted: %v", err)
		}
		if i > 0 && p == r[i-1] {
			return nil, areaError(at, "the corner before it once more")
		}
		if i > 0 && math.Abs(p.Lng-r[i-1].Lng) > MaxLng {
			return nil, areaError(at, "an edge over the antimeridian: cut the area there")
		}
		r = append(r, p)
	}
	last := len(r) - 1
	if r[0] != r[last] {
		return nil, areaError(key, "not closed: the last position is not the first")
	}
	return r[:last], nil
}

// decodeOne reads one JSON value that has no unknown keys.
func decodeOne(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}
