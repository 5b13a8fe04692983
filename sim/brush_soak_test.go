//go:build soak

package sim_test

import (
	"testing"

	"hexhail/dispatch"
)

// TestNewYorkBrushing is the whole recorded hour with the launch campaign, everybody paying in the
// app, and most phones telling where they are: as it was, fewer than one of a thousand rides is
// held; with brushers among them, nine tenths of what these were to get is held too.
func TestNewYorkBrushing(t *testing.T) {
	c := newYork(t, 6000, 0, dispatch.Assign)
	c.Options.Cash, c.Options.Tell, c.Options.Away = 0, 0.7, 0.03
	honest := run(t, c)
	held := 0
	if honest.Brushing != nil {
		held = honest.Brushing.HonestHeld
	}
	t.Logf("%d of %d honest rides are held", held, honest.Settled)
	if !honest.BooksClose || float64(held) > mostHonest*float64(honest.Settled) {
		t.Errorf("%d of %d honest rides are held, open books %v",
			held, honest.Settled, honest.Books.Open())
	}
	c = newYork(t, 6000, 0, dispatch.Assign)
	c.Options.Cash, c.Options.Brush, c.Options.Tell, c.Options.Away = 0, 0.02, 0.7, 0.03
	brushed := run(t, c)
	if !brushed.BooksClose {
		t.Errorf("open books %v", brushed.Books.Open())
	}
	caught(t, brushed, 100)
}
