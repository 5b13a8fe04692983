package wechat

import (
	"archive/zip"
	"bytes"
	"errors"
	"testing"
)

// TestUnpackBill: a zip has one file of rows, and all of it.
func TestUnpackBill(t *testing.T) {
	zipped := func(names ...string) []byte {
		var packed bytes.Buffer
		z := zip.NewWriter(&packed)
		for _, name := range names {
			f, err := z.Create(name)
			if err == nil {
				_, err = f.Write([]byte(tradeBill))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return packed.Bytes()
	}
	whole := zipped("readme.txt", "1900007291All2014-01-10.CSV")
	var text bytes.Buffer
	if err := UnpackBill(bytes.NewReader(whole), int64(len(whole)), &text); err != nil {
		t.Fatal(err)
	}
	if text.String() != tradeBill {
		t.Error("another text than was packed")
	}
	flipped := bytes.Clone(zipped("a.csv"))
	flipped[100] ^= 0x10
	for name, packed := range map[string][]byte{
		"no zip": []byte("PK"), "no rows": zipped("a.txt"), "two": zipped("a.csv", "b.csv"),
		"cut": whole[:len(whole)-10], "a bit": flipped,
	} {
		err := UnpackBill(bytes.NewReader(packed), int64(len(packed)), &text)
		bad := (*BillError)(nil)
		if !errors.As(err, &bad) || bad.Fault != BillPacked {
			t.Errorf("%s: %v", name, err)
		}
	}
}
