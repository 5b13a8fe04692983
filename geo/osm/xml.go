package osm

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"

	"hexhail/geo"
)

// xmlFile reads elements one by one, as they are small and the file is not.
type xmlFile struct {
	m    *mapFile
	d    *xml.Decoder
	id   int64 // of the way that is open
	open bool
	refs []int64
	tags tags
	root bool // <osm> has been seen
}

// readXML reads https://wiki.openstreetmap.org/wiki/OSM_XML.
func readXML(r io.Reader, m *mapFile) error {
	x := xmlFile{m: m, d: xml.NewDecoder(r)}
	for {
		token, err := x.d.Token()
		if errors.Is(err, io.EOF) {
			if !x.root || x.open {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		if err != nil {
			return x.fault(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			err = x.start(t)
		case xml.EndElement:
			err = x.end(t.Name.Local)
		}
		if err != nil {
			return err
		}
	}
}

// fault is what the decoder says, with the line where it does.
func (x *xmlFile) fault(err error) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return &geo.RoadError{File: x.m.file, Line: syntax.Line, Why: "XML: " + syntax.Msg}
	}
	return err
}

func (x *xmlFile) start(t xml.StartElement) error {
	name := t.Name.Local
	if !x.root {
		if name != "osm" {
			return damaged("is neither OpenStreetMap XML nor PBF: it begins with <%.20s>", name)
		}
		x.root = true
	}
	switch name {
	case "node":
		return x.node(t.Attr)
	case "way":
		id, err := x.whole(t.Attr, "way", "id")
		x.id, x.open, x.refs, x.tags = id, true, x.refs[:0], x.tags[:0]
		return err
	case "nd":
		if !x.open {
			return nil
		}
		ref, err := x.whole(t.Attr, "way "+strconv.FormatInt(x.id, 10), "ref")
		if len(x.refs) <= MaxWayNodes { // one more than there may be says that there are too many
			x.refs = append(x.refs, ref)
		}
		return err
	case "tag":
		if x.open && len(x.tags) < maxTags {
			x.tags = append(x.tags, tag{attribute(t.Attr, "k"), attribute(t.Attr, "v")})
		}
	}
	return nil
}

// maxTags is how many tags of a way are looked at. OpenStreetMap has no limit, ways have a dozen.
const maxTags = 200

func (x *xmlFile) end(name string) error {
	if name != "way" || !x.open {
		return nil
	}
	x.open = false
	return x.m.addWay(x.id, x.refs, x.tags)
}

func (x *xmlFile) node(a []xml.Attr) error {
	id, err := x.whole(a, "node", "id")
	if err != nil {
		return err
	}
	lat, latErr := strconv.ParseFloat(attribute(a, "lat"), 64)
	lng, lngErr := strconv.ParseFloat(attribute(a, "lon"), 64)
	if attribute(a, "visible") == "false" {
		return nil // deleted
	}
	if latErr != nil || lngErr != nil {
		return x.m.refuse("node", id, "lat %q, lon %q is no position",
			attribute(a, "lat"), attribute(a, "lon"))
	}
	return x.m.addNode(id, geo.Point{Lat: lat, Lng: lng})
}

func attribute(a []xml.Attr, name string) string {
	for i := range a {
		if a[i].Name.Local == name {
			return a[i].Value
		}
	}
	return ""
}

// whole is an attribute that must be a whole number.
func (x *xmlFile) whole(a []xml.Attr, element, name string) (int64, error) {
	text := attribute(a, name)
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		line, _ := x.d.InputPos()
		return 0, &geo.RoadError{
			File: x.m.file, Line: line, Element: element,
			Why: strconv.Quote(text) + " is no " + name,
		}
	}
	return v, nil
}
