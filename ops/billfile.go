package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"google.golang.org/grpc"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// ImportBill compares a bill that somebody has downloaded with our books, once all of it has come.
func (s *Server) ImportBill(
	stream grpc.ClientStreamingServer[opspb.ImportBillRequest, opspb.ImportBillResponse],
) error {
	file, err := os.CreateTemp("", "hexhail-bill-*") // readable by us alone
	if err != nil {
		return err
	}
	out, err := s.importBill(stream.Context(), stream, file)
	if err = errors.Join(err, file.Close(), os.Remove(file.Name())); err != nil {
		return err
	}
	return stream.SendAndClose(out)
}

func (s *Server) importBill(
	ctx context.Context, stream upload[opspb.ImportBillRequest], file *os.File,
) (*opspb.ImportBillResponse, error) {
	id, size, err := receiveBill(stream, file)
	if err != nil {
		return nil, err
	}
	bill, err := s.config.Reconciler.ImportFile(
		ctx, id, money.BillFile{ReaderAt: file, Size: size}, s.now())
	if err != nil {
		return nil, err
	}
	open, clearing, err := s.leftOf(ctx, id.Channel)
	return &opspb.ImportBillResponse{
		Bill: billPB(bill), OpenDifferences: open, ClearingFen: clearing,
	}, err
}

// receiveBill writes the file that a client sends, and says which bill it is and how many bytes it
// has. An error names its message, counted from 0.
func receiveBill(
	stream upload[opspb.ImportBillRequest], to io.Writer,
) (id money.BillID, size int64, err error) {
	for i := 0; ; i++ {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) && i > 0 {
			return id, size, nil
		}
		if errors.Is(err, io.EOF) {
			return id, 0, wire.BadField("messages[0].bill", "the bill's name")
		}
		if err == nil {
			err = wire.Validate(m)
		}
		if name := m.GetBill(); err == nil && (name != nil) != (i == 0) {
			err = wire.BadField("bill", "in the first message, and in no other")
		} else if name != nil {
			id = money.BillID{
				Channel:  money.ChannelName(name.GetChannel()),
				Merchant: name.GetMerchant(), Day: name.GetDay(),
			}
		}
		if size += int64(len(m.GetChunk())); err == nil && size > money.MaxBillFile {
			err = tooLongBill()
		}
		if err != nil {
			return id, size, wire.Within("messages", i, err)
		}
		if _, err := to.Write(m.GetChunk()); err != nil {
			return id, size, err
		}
	}
}

func tooLongBill() error {
	return dispatch.BadField("chunk",
		fmt.Sprintf("part of at most %d bytes in all: pack the file", money.MaxBillFile))
}
