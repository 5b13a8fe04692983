package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"hexhail/money"
	"hexhail/money/standin"
	"hexhail/money/wechat"
)

// zipOf packs a text as a channel's page does.
func zipOf(t *testing.T, text []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	f, err := z.Create("bill.csv")
	if err == nil {
		_, err = f.Write(text)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// gzipOf packs a text.
func gzipOf(t *testing.T, text []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// billText is a channel's bill of today, as its page for people gives it.
func (r *realm) billText(channel money.ChannelName) []byte {
	r.t.Helper()
	source, ok := r.service.external.bills[channel].(bills)
	if !ok {
		r.t.Fatalf("%s has no bills", channel)
	}
	var text bytes.Buffer
	r.ok(source.fetch(r.t.Context(), "", time.Now().In(beijing), &text))
	return text.Bytes()
}

// billFiles is a server on which rides were paid through both channels, and the command that
// compares a file with its books.
type billFiles struct {
	*realm
	path string
}

func openBillFiles(t *testing.T) billFiles {
	r := openRealm(t, "--channels", "standin")
	for range 2 {
		r.cast(completed).payThrough(money.WeChat, money.WayApp, "")
		r.cast(completed).payThrough(money.Alipay, money.WayApp, "")
	}
	return billFiles{r, filepath.Join(t.TempDir(), "bill")}
}

// reconcile compares a file, or without one what the server fetches.
func (b billFiles) reconcile(day string, channel money.ChannelName, file []byte) (int, string) {
	b.t.Helper()
	words := []string{
		"reconcile", day, "--channel", string(channel), "--data-dir", b.service.config.DataDir,
	}
	if file != nil {
		b.ok(os.WriteFile(b.path, file, 0o600))
		words = append(words, "--file", b.path)
	}
	code, stdout, stderr := hexhail(b.t.Context(), words...)
	return code, stdout + stderr
}

// replaced is a text with another word.
func (b billFiles) replaced(text []byte, old, by string) []byte {
	b.t.Helper()
	if !bytes.Contains(text, []byte(old)) {
		b.t.Fatalf("no %q", old)
	}
	return bytes.ReplaceAll(text, []byte(old), []byte(by))
}

// TestReconcileFile: a bill that was downloaded by hand is compared like one that is fetched,
// however it is packed; both in turn settle it once.
func TestReconcileFile(t *testing.T) {
	t.Parallel()
	b := openBillFiles(t)
	day := time.Now().In(beijing).Format(time.DateOnly)
	for _, channel := range []money.ChannelName{money.WeChat, money.Alipay} {
		text := b.billText(channel)
		for _, file := range [][]byte{gzipOf(t, text), text, nil, zipOf(t, text)} {
			code, said := b.reconcile(day, channel, file)
			if code != exitOK || !strings.Contains(said, "0 differences are open; "+
				string(channel)+" owes us 0.00 yuan") {
				t.Errorf("%s: code %d: %s", channel, code, said)
			}
		}
	}
	code, _, stderr := hexhail(t.Context(), "reconcile", day, "--file", b.path+".none",
		"--data-dir", b.service.config.DataDir)
	if code != exitFailed || !strings.Contains(stderr, "no such file") {
		t.Errorf("a file that is not there: code %d, %s", code, stderr)
	}
}

// TestReconcileFileRefused: what is not this day's bill of this account, or not whole, is refused
// with its line, and leaves nothing.
func TestReconcileFileRefused(t *testing.T) {
	t.Parallel()
	b := openBillFiles(t)
	now := time.Now().In(beijing)
	day, yesterday := now.Format(time.DateOnly), now.AddDate(0, 0, -1).Format(time.DateOnly)
	of := map[money.ChannelName][]byte{}
	owed := map[money.ChannelName]money.Fen{}
	for _, c := range []money.ChannelName{money.WeChat, money.Alipay} {
		of[c], owed[c] = b.billText(c), b.balance(money.ChannelClearing(c))
	}
	text := of[money.WeChat]
	gbk, err := simplifiedchinese.GBK.NewEncoder().Bytes(b.replaced(text, "\ufeff", ""))
	b.ok(err)
	for name, c := range map[string]struct {
		day     string
		channel money.ChannelName
		file    []byte
		says    string
	}{
		"GBK": {day, money.WeChat, gbk, "line 1"},
		"a column": {
			day, money.WeChat, b.replaced(text, "手续费,", "费用,"), "line 1: 手续费 is missing",
		},
		"cut":         {day, money.WeChat, text[:len(text)-200], "line"},
		"cut packing": {day, money.WeChat, gzipOf(t, text)[:200], "does not unpack"},
		"cut zip":     {day, money.WeChat, zipOf(t, text)[:200], "no zip, or cut short"},
		"its account": {
			day, money.WeChat, b.replaced(text, "1900000001", "1900000002"),
			"of the account 1900000002",
		},
		"its day":     {yesterday, money.WeChat, text, "was paid on " + day},
		"its channel": {day, money.Alipay, text, "line 1: it does not begin as a bill"},
		"cut, Alipay": {
			day, money.Alipay, of[money.Alipay][:len(of[money.Alipay])-100], "line",
		},
		"empty": {day, money.WeChat, []byte{}, "line 1: empty"},
		"too large": {
			day, money.WeChat, make([]byte, money.MaxBillFile+1), "at most 67108864 bytes",
		},
		"like a zip":  {day, money.Alipay, []byte("PK"), "it is no zip"},
		"a row twice": {day, money.WeChat, twice(t, text), "is in it twice"},
	} {
		code, said := b.reconcile(c.day, c.channel, c.file)
		if code != exitFailed || !strings.Contains(said, c.says) {
			t.Errorf("%s: code %d, want %q: %s", name, code, c.says, said)
		}
		if left := b.balance(money.ChannelClearing(c.channel)); left != owed[c.channel] {
			t.Fatalf("%s: %s owes us %s yuan, not %s", name, c.channel, -left, -owed[c.channel])
		}
	}
	if code, said := b.bills(); code != exitOK || strings.Contains(said, day) {
		t.Errorf("what was refused has left something: code %d, %s", code, said)
	}
}

// twice is a bill with its last row once more, whose sums fit.
func twice(t *testing.T, text []byte) []byte {
	t.Helper()
	var rows []money.BillRow
	if _, err := wechat.ReadBill(bytes.NewReader(text), func(row money.BillRow) error {
		rows = append(rows, row)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	rows = append(rows, rows[len(rows)-1])
	return []byte(standin.WeChatBill("1900000001", "wx8888888888888888", rows))
}

// bills lists what was imported.
func (b billFiles) bills() (int, string) {
	b.t.Helper()
	code, stdout, stderr := hexhail(b.t.Context(), "reconcile", "bills", "--data-dir",
		b.service.config.DataDir)
	return code, stdout + stderr
}
