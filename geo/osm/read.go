package osm

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"hexhail/geo"
)

// Limits of a file; a larger one is refused. A city's has a few million nodes.
const (
	MaxNodes    = 20 << 20 // 24 bytes each
	MaxWays     = 4 << 20  // with a class of roads
	MaxWayNodes = 2000     // OpenStreetMap's own
)

// sniffed is how much of a file is looked at to tell XML from PBF.
const sniffed = 64

// Read reads the roads of an OpenStreetMap file, already decompressed, in XML or PBF: its content
// tells which. A node keeps its number as its label.
//
// Ways that leave the file's area are cut there. Nodes of a way where no other one meets it are
// left out, but for one each 150 m: places snap to nodes.
//
// Errors are of type *geo.RoadError and name the file and the way or node: a position that is none,
// a node twice, a file that is damaged, above its limit, or without a road. A failure to read is
// wrapped.
func Read(f geo.RoadFile) (*geo.Roads, error) {
	r := bufio.NewReaderSize(f.R, 64<<10)
	start, err := r.Peek(sniffed)
	if len(start) == 0 && err != nil {
		if errors.Is(err, io.EOF) {
			return nil, &geo.RoadError{File: f.Name, Why: "empty"}
		}
		return nil, fmt.Errorf("osm: read %s: %w", f.Name, err)
	}
	m := &mapFile{file: f.Name, sorted: true}
	if isPBF(start) {
		err = readPBF(r, m)
	} else {
		err = readXML(r, m)
	}
	if err != nil {
		return nil, m.fault(err)
	}
	return m.roads()
}

// damage is a fault of the file and not of what it tells.
type damage struct{ why string }

func (d *damage) Error() string { return d.why }

func damaged(format string, args ...any) error { return &damage{fmt.Sprintf(format, args...)} }

// fault is an error for who asked for the file.
func (m *mapFile) fault(err error) error {
	var typed *geo.RoadError
	var d *damage
	switch {
	case errors.As(err, &typed):
		return err
	case errors.As(err, &d):
		return &geo.RoadError{File: m.file, Why: d.why}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &geo.RoadError{File: m.file, Why: "ends too early"}
	default:
		return fmt.Errorf("osm: read %s: %w", m.file, err)
	}
}

// refuse is a fault of one node or way.
func (m *mapFile) refuse(element string, id int64, format string, args ...any) error {
	return &geo.RoadError{
		File: m.file, Element: fmt.Sprintf("%s %d", element, id), Why: fmt.Sprintf(format, args...),
	}
}
