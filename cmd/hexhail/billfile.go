package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"time"

	"hexhail/money"
)

// OpenFile implements [money.BillSource]. That a bill was fetched says whose and of which day it
// is; a file has to say so itself.
func (b bills) OpenFile(id money.BillID, f money.BillFile) (money.OpenBill, error) {
	account, ok := b.accounts[id.Merchant]
	if !ok {
		return nil, noAccount()
	}
	open, day, err := b.create(id)
	if err != nil {
		return nil, err
	}
	open.read = func(r io.Reader, each func(money.BillRow) error) (string, error) {
		whose, err := b.read(r, ofDay(id, day, each))
		if err == nil && whose != "" && whose != account {
			err = &money.BillError{Bill: id, Problem: "it is of the account " + whose}
		}
		return whose, err
	}
	if err := b.unpack(id, f, open.text); err != nil {
		return nil, errors.Join(billFault(id, err), open.Close())
	}
	return open, nil
}

// ofDay refuses what was paid on another day. What has gone back may have been asked for before.
func ofDay(
	id money.BillID, day time.Time, each func(money.BillRow) error,
) func(money.BillRow) error {
	end := day.AddDate(0, 0, 1)
	return func(row money.BillRow) error {
		if row.Kind == money.NoticeCharge && (row.At.Before(day) || !row.At.Before(end)) {
			return &money.BillError{Bill: id, Problem: fmt.Sprintf("%s was paid on %s", row.Order,
				row.At.In(beijing).Format(time.DateOnly))}
		}
		return each(row)
	}
}

// unpack writes the text of a file to w. How it is packed is told by how it begins, whatever its
// name.
func (b bills) unpack(id money.BillID, f money.BillFile, w io.Writer) error {
	var begins [2]byte
	if _, err := f.ReadAt(begins[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	text := io.Reader(io.NewSectionReader(f, 0, f.Size))
	switch {
	case bytes.Equal(begins[:], []byte("PK")):
		return b.unzip(f, f.Size, w)
	case bytes.Equal(begins[:], []byte{0x1f, 0x8b}):
		packed, err := gzip.NewReader(text)
		if err != nil {
			return &money.BillError{Bill: id, Problem: "it does not unpack", Cause: err}
		}
		text = gunzipped{packed, id}
	}
	n, err := io.Copy(w, io.LimitReader(text, b.most+1))
	if err == nil && n > b.most {
		err = &money.BillError{
			Bill: id, Problem: fmt.Sprintf("it unpacks to more than %d MiB", b.most>>20),
		}
	}
	return err
}

// gunzipped is what comes out of a file of gzip.
type gunzipped struct {
	io.Reader
	id money.BillID
}

// Read implements [io.Reader].
func (g gunzipped) Read(p []byte) (int, error) {
	n, err := g.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &money.BillError{Bill: g.id, Problem: "it does not unpack", Cause: err}
	}
	return n, err
}
