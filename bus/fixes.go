package bus

import (
	"hexhail/dispatch"
	"hexhail/geo"
)

// Frame sends positions of a city's taxis to its engine. The slice is the caller's again when it
// returns. It does not wait: a frame that does not fit into the queue, or comes while the server is
// away, is dropped and counted, which is no error. What is longer than 512 KiB goes as several
// messages. A report whose taxi's id is empty, longer than 64 bytes or not UTF-8 is left out and
// counted as refused. Errors: Unavailable after Close.
func (b *Bus) Frame(city dispatch.CityID, reports []dispatch.Report) error {
	if b.closed.Load() {
		return errClosed()
	}
	subject := locSubject(city)
	for len(reports) > 0 {
		buf, _ := frames.Get().(*[]byte)
		frame, taken, refused := appendFrame((*buf)[:0], reports)
		*buf = frame
		b.refused.Add(uint64(refused)) //nolint:gosec // a count is not negative
		reports = reports[taken:]
		if len(frame) == 0 {
			recycle(buf)
			continue
		}
		b.out.put(item{subject: subject, data: frame, pooled: buf})
	}
	return nil
}

// Position tells those who watch a ride where its taxi is, to the millisecond. It does not wait,
// and may drop and count as Frame does. Errors: Unavailable after Close.
func (b *Bus) Position(city dispatch.CityID, ride dispatch.RideID, at geo.Fix) error {
	if b.closed.Load() {
		return errClosed()
	}
	report := dispatch.Report{Fix: at}
	data := appendReport(make([]byte, 0, reportSize(&report)), &report)
	b.out.put(item{subject: posSubject(city, ride), data: data})
	return nil
}

// readPosition reads what Position has sent.
func readPosition(data []byte) (geo.Fix, error) {
	var r dispatch.Report
	if _, ok := readReport(data, &r); !ok {
		return geo.Fix{}, errWire
	}
	return r.Fix, r.Fix.Check()
}
