package osm

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"hexhail/geo"
)

// town is a file to be written in each format.
type town struct {
	nodes []node
	ways  []way
}

// cross is a street from west to east, nodes 1 to 5 each 100 m, one from south to north over node
// 3, nodes 6, 3 and 7, and a footpath. Node 9 is outside of the file.
func cross() town {
	at := func(northM, eastM float64) geo.Point {
		return geo.Point{Lat: 40 + northM/111_195, Lng: 116 + eastM/85_180}
	}
	return town{
		nodes: []node{
			{1, at(0, -200)},
			{2, at(0, -100)},
			{3, at(0, 0)},
			{4, at(0, 100)},
			{5, at(0, 200)},
			{6, at(-90, 0)},
			{7, at(90, 0)},
			{8, at(300, 300)},
		},
		ways: []way{
			{10, []int64{1, 2, 3, 4, 5}, tags{{"highway", "primary"}, {"name", "长安街"}}},
			{11, []int64{9, 6, 3, 7}, tags{{"highway", "residential"}, {"maxspeed", "10 mph"}}},
			{12, []int64{5, 8}, tags{{"highway", "footway"}}},
		},
	}
}

func (w town) xml() string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?>\n<osm version=\"0.6\">\n<bounds minlat=\"1\"/>\n")
	for _, n := range w.nodes {
		fmt.Fprintf(&b, "<node id=\"%d\" lat=\"%.7f\" lon=\"%.7f\"><tag k=\"a\" v=\"b\"/></node>\n",
			n.id, n.at.Lat, n.at.Lng)
	}
	for _, v := range w.ways {
		fmt.Fprintf(&b, "<way id=\"%d\">", v.id)
		for _, r := range v.refs {
			fmt.Fprintf(&b, "<nd ref=\"%d\"/>", r)
		}
		for _, t := range v.tags {
			fmt.Fprintf(&b, "<tag k=%q v=%q/>", t.key, t.value)
		}
		b.WriteString("</way>\n")
	}
	b.WriteString("<relation id=\"1\"><member type=\"way\" ref=\"10\"/></relation></osm>\n")
	return b.String()
}

// pbf writes the town: nodes packed or one by one, blocks deflated or not.
func (w town) pbf(dense, deflated bool) []byte {
	block := w.block(dense)
	head := message(bytesField(4, []byte("OsmSchema-V0.6")), bytesField(4, []byte("DenseNodes")))
	return append(blob("OSMHeader", head, deflated), blob("OSMData", block, deflated)...)
}

func (w town) block(dense bool) []byte {
	texts, place := [][]byte{nil}, map[string]uint64{}
	text := func(s string) uint64 {
		if _, ok := place[s]; !ok {
			place[s] = uint64(len(texts))
			texts = append(texts, []byte(s))
		}
		return place[s]
	}
	nano := func(deg float64) int64 { return int64(deg*1e7 + 0.5) }
	var nodes, ways [][]byte
	var ids, lats, lngs deltas
	for _, n := range w.nodes {
		nodes = append(nodes, bytesField(1, message(
			numberField(1, protowire.EncodeZigZag(n.id)),
			numberField(8, protowire.EncodeZigZag(nano(n.at.Lat))),
			numberField(9, protowire.EncodeZigZag(nano(n.at.Lng))))))
		ids.add(n.id)
		lats.add(nano(n.at.Lat))
		lngs.add(nano(n.at.Lng))
	}
	if dense {
		nodes = [][]byte{bytesField(2, message(
			bytesField(1, ids.b), bytesField(8, lats.b), bytesField(9, lngs.b)))}
	}
	for _, v := range w.ways {
		var keys, values []byte
		var refs deltas
		for _, t := range v.tags {
			keys = protowire.AppendVarint(keys, text(t.key))
			values = protowire.AppendVarint(values, text(t.value))
		}
		for _, r := range v.refs {
			refs.add(r)
		}
		ways = append(ways, bytesField(3, message(numberField(1, uint64(v.id)),
			bytesField(2, keys), bytesField(3, values), bytesField(8, refs.b))))
	}
	var table []byte
	for _, s := range texts {
		table = append(table, bytesField(1, s)...)
	}
	return message(bytesField(2, message(nodes...)), bytesField(2, message(ways...)),
		bytesField(1, table), numberField(17, 100))
}

type deltas struct {
	last int64
	b    []byte
}

func (d *deltas) add(v int64) {
	d.b = protowire.AppendVarint(d.b, protowire.EncodeZigZag(v-d.last))
	d.last = v
}

func message(fields ...[]byte) []byte { return bytes.Join(fields, nil) }

func bytesField(number protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), b)
}

func numberField(number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), v)
}

func blob(kind string, data []byte, deflated bool) []byte {
	body := bytesField(1, data)
	if deflated {
		var packed bytes.Buffer
		z := zlib.NewWriter(&packed)
		if _, err := z.Write(data); err != nil {
			panic(err)
		}
		if err := z.Close(); err != nil {
			panic(err)
		}
		body = message(numberField(2, uint64(len(data))), bytesField(3, packed.Bytes()))
	}
	return framed(message(bytesField(1, []byte(kind)), numberField(3, uint64(len(body)))), body)
}

func framed(header, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(header)))
	return append(append(b, header...), body...)
}

func read(t *testing.T, content []byte) (*geo.Roads, error) {
	t.Helper()
	return Read(geo.RoadFile{Name: "town", R: bytes.NewReader(content)})
}
