package main

import (
	"io"
	"os"
)

// sink is where the JSON report goes: nowhere, a file, or the standard output.
type sink struct {
	w        io.Writer // nil: nowhere
	file     *os.File  // nil: none to close
	standard bool
}

// openSink opens the place that --report names. What a file held stays until write.
func openSink(path string, stdout io.Writer) (*sink, error) {
	switch path {
	case "":
		return &sink{}, nil
	case "-":
		return &sink{w: stdout, standard: true}, nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // G302: no secret
	if err != nil {
		return nil, err
	}
	return &sink{w: file, file: file}, nil
}

// written is something that writes itself: a report, a comparison.
type written interface{ Write(w io.Writer) error }

func (s *sink) write(r written) error {
	if s.w == nil {
		return nil
	}
	if s.file != nil {
		// A pipe or a device has nothing to cut off.
		if info, err := s.file.Stat(); err == nil && info.Mode().IsRegular() {
			if err := s.file.Truncate(0); err != nil {
				return err
			}
		}
	}
	return r.Write(s.w)
}

// beside is where people read: not where the JSON goes.
func (s *sink) beside(stdout, stderr io.Writer) io.Writer {
	if s.standard {
		return stderr
	}
	return stdout
}

// Close closes the file.
func (s *sink) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
