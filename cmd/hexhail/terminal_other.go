//go:build !unix

package main

import "io"

// columns is 0: no terminal is known here, so the progress goes line by line.
func columns(io.Writer) int { return 0 }
