package osm

import (
	"google.golang.org/protobuf/encoding/protowire"

	"hexhail/geo"
)

// grid is how a block writes positions: in steps, from a corner, in 10⁻⁹ degrees.
type grid struct{ step, lat, lng int64 }

func (g grid) point(lat, lng int64) geo.Point {
	const unit = 1e-9
	return geo.Point{
		Lat: unit * (float64(g.lat) + float64(g.step)*float64(lat)),
		Lng: unit * (float64(g.lng) + float64(g.step)*float64(lng)),
	}
}

// block takes a PrimitiveBlock: strings, and groups of nodes and ways.
func (p *pbfFile) block(data []byte) error {
	p.strings, p.groups, p.grid = p.strings[:0], p.groups[:0], grid{step: 100}
	err := fields(data, func(f field) error {
		switch f.number {
		case 1:
			return fields(f.bytes, func(s field) error {
				if s.number == 1 {
					p.strings = append(p.strings, string(s.bytes))
				}
				return nil
			})
		case 2:
			p.groups = append(p.groups, f.bytes)
		case 17:
			p.grid.step = int64(f.value) // all three are written as two's complement
		case 19:
			p.grid.lat = int64(f.value)
		case 20:
			p.grid.lng = int64(f.value)
		}
		return nil
	})
	for i := 0; i < len(p.groups) && err == nil; i++ {
		err = fields(p.groups[i], p.element)
	}
	return err
}

func (p *pbfFile) element(f field) error {
	switch f.number {
	case 1:
		return p.node(f.bytes)
	case 2:
		return p.dense(f.bytes)
	case 3:
		return p.way(f.bytes)
	default:
		return nil
	}
}

func (p *pbfFile) node(data []byte) error {
	var id, lat, lng int64
	err := fields(data, func(f field) error {
		switch f.number {
		case 1:
			id = protowire.DecodeZigZag(f.value)
		case 8:
			lat = protowire.DecodeZigZag(f.value)
		case 9:
			lng = protowire.DecodeZigZag(f.value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.m.addNode(id, p.grid.point(lat, lng))
}

// dense takes nodes whose ids and positions stand in three lists, each as the difference from the
// one before.
func (p *pbfFile) dense(data []byte) error {
	var ids, lats, lngs packed
	err := fields(data, func(f field) error {
		switch f.number {
		case 1:
			ids = f.bytes
		case 8:
			lats = f.bytes
		case 9:
			lngs = f.bytes
		}
		return nil
	})
	var id, lat, lng int64
	for err == nil && len(ids) > 0 {
		if err = ids.step(&id); err != nil {
			return err
		}
		if err = lats.step(&lat); err != nil {
			return err
		}
		if err = lngs.step(&lng); err != nil {
			return err
		}
		err = p.m.addNode(id, p.grid.point(lat, lng))
	}
	return err
}

func (p *pbfFile) way(data []byte) error {
	var id int64
	var keys, values, refs packed
	err := fields(data, func(f field) error {
		switch f.number {
		case 1:
			id = int64(f.value)
		case 2:
			keys = f.bytes
		case 3:
			values = f.bytes
		case 8:
			refs = f.bytes
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.tags, p.refs = p.tags[:0], p.refs[:0]
	for len(keys) > 0 && len(p.tags) < maxTags {
		key, err := p.text(&keys)
		if err != nil {
			return p.m.refuse("way", id, "%v", err)
		}
		value, err := p.text(&values)
		if err != nil {
			return p.m.refuse("way", id, "%v", err)
		}
		p.tags = append(p.tags, tag{key, value})
	}
	for ref := int64(0); len(refs) > 0 && len(p.refs) <= MaxWayNodes; {
		if err := refs.step(&ref); err != nil {
			return p.m.refuse("way", id, "%v", err)
		}
		p.refs = append(p.refs, ref)
	}
	return p.m.addWay(id, p.refs, p.tags)
}

// text is the string that the next number of a list names.
func (p *pbfFile) text(from *packed) (string, error) {
	i, err := from.next()
	if err != nil {
		return "", err
	}
	if i >= uint64(len(p.strings)) {
		return "", damaged("PBF: string %d of %d", i, len(p.strings))
	}
	return p.strings[i], nil
}
