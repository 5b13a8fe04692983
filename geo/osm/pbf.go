package osm

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Limits of https://wiki.openstreetmap.org/wiki/PBF_Format.
const (
	maxHeaderBytes = 64 << 10
	maxBlobBytes   = 32 << 20
)

// pbfStart is how a PBF file begins: the length of its first header, and the name in it.
const pbfStart = "OSMHeader"

// isPBF looks at the first bytes of a file.
func isPBF(start []byte) bool {
	return len(start) > 4 && start[0] == 0 && bytes.Contains(start, []byte(pbfStart))
}

// readPBF reads the format by its wire: the one library for it that is kept stops the process at a
// node that is not packed with others, and needs a C library.
func readPBF(r io.Reader, m *mapFile) error {
	p := pbfFile{m: m, r: r}
	for {
		kind, data, err := p.blob()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch kind {
		case pbfStart:
			err = checkHeader(data)
		case "OSMData":
			err = p.block(data)
		}
		if err != nil {
			return err
		}
	}
}

// pbfFile keeps its buffers from block to block.
type pbfFile struct {
	m       *mapFile
	r       io.Reader
	header  []byte
	packed  []byte
	data    bytes.Buffer
	inflate io.ReadCloser

	strings []string
	groups  [][]byte
	grid    grid
	refs    []int64
	tags    tags
}

// blob reads the next one: what it holds, and its bytes. They hold until the next. io.EOF is a good
// end of the file.
func (p *pbfFile) blob() (kind string, data []byte, err error) {
	var size [4]byte
	if _, err := io.ReadFull(p.r, size[:]); err != nil {
		return "", nil, err // io.ErrUnexpectedEOF in the middle
	}
	if p.header, err = p.take(p.header, uint64(binary.BigEndian.Uint32(size[:])),
		maxHeaderBytes); err != nil {
		return "", nil, err
	}
	length := uint64(0)
	err = fields(p.header, func(f field) error {
		switch f.number {
		case 1:
			kind = string(f.bytes)
		case 3:
			length = f.value
		}
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	if p.packed, err = p.take(p.packed, length, maxBlobBytes); err != nil {
		return "", nil, err
	}
	data, err = p.unpack(p.packed)
	return kind, data, err
}

// take reads so many bytes into the memory of buf.
func (p *pbfFile) take(buf []byte, n, most uint64) ([]byte, error) {
	if n > most {
		return nil, damaged("PBF: a block of %d bytes, at most %d", n, most)
	}
	buf = slices.Grow(buf[:0], int(n))[:n]
	if _, err := io.ReadFull(p.r, buf); err != nil {
		return nil, errors.Join(io.ErrUnexpectedEOF, err)
	}
	return buf, nil
}

// unpack returns what is in a blob.
func (p *pbfFile) unpack(blob []byte) (data []byte, err error) {
	found := false
	err = fields(blob, func(f field) error {
		switch f.number {
		case 1:
			data, found = f.bytes, true
		case 3:
			found = true
			data, err = p.inflated(f.bytes)
			return err
		case 4, 5, 6, 7:
			return damaged("PBF: packed otherwise than with zlib")
		}
		return nil
	})
	if err == nil && !found {
		err = damaged("PBF: a block without data")
	}
	return data, err
}

func (p *pbfFile) inflated(packed []byte) ([]byte, error) {
	var err error
	if p.inflate == nil {
		p.inflate, err = zlib.NewReader(bytes.NewReader(packed))
	} else if reset, ok := p.inflate.(zlib.Resetter); ok {
		err = reset.Reset(bytes.NewReader(packed), nil)
	}
	if err != nil {
		return nil, damaged("PBF: %v", err)
	}
	p.data.Reset()
	n, err := io.Copy(&p.data, io.LimitReader(p.inflate, maxBlobBytes+1))
	switch {
	case err != nil:
		return nil, damaged("PBF: %v", err)
	case n > maxBlobBytes:
		return nil, damaged("PBF: a block of more than %d bytes", maxBlobBytes)
	}
	return p.data.Bytes(), nil
}

// checkHeader refuses a file that needs what we cannot do.
func checkHeader(data []byte) error {
	return fields(data, func(f field) error {
		switch needs := string(f.bytes); {
		case f.number != 4:
		case needs == "OsmSchema-V0.6", needs == "DenseNodes":
		default:
			return damaged("PBF: needs %q", needs)
		}
		return nil
	})
}

// field is one of a message: a number, or bytes.
type field struct {
	number int
	value  uint64
	bytes  []byte
}

var errWire = damaged("PBF: a block is damaged")

// fields calls fn with each field of a message.
func fields(data []byte, fn func(field) error) error {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return errWire
		}
		data = data[n:]
		f := field{number: int(number)}
		switch kind {
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(data)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(data)
		default:
			n = protowire.ConsumeFieldValue(number, kind, data)
		}
		if n < 0 {
			return errWire
		}
		data = data[n:]
		if err := fn(f); err != nil {
			return err
		}
	}
	return nil
}

// packed takes the numbers of a packed field one by one.
type packed []byte

func (p *packed) next() (uint64, error) {
	v, n := protowire.ConsumeVarint(*p)
	if n < 0 {
		return 0, errWire
	}
	*p = (*p)[n:]
	return v, nil
}

// step adds a difference to a number.
func (p *packed) step(sum *int64) error {
	v, err := p.next()
	*sum += protowire.DecodeZigZag(v)
	return err
}
