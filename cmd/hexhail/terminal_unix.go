//go:build unix

package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

const usualColumns = 80 // of a terminal that does not tell

// columns is the width of the terminal that w is, or 0 if it is none, or one that cannot go back to
// the begin of a line.
func columns(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	switch {
	case err != nil:
		return 0
	case size.Col == 0:
		return usualColumns
	default:
		return int(size.Col)
	}
}
