package ops

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// ImportCompanies writes companies: each message's rows all or none.
func (s *Server) ImportCompanies(
	stream grpc.ClientStreamingServer[
		opspb.ImportCompaniesRequest, opspb.ImportCompaniesResponse],
) error {
	sum, err := receive(stream, func(m *opspb.ImportCompaniesRequest) ([]dispatch.Company, error) {
		return rowsOf(s, m.GetRows(), func(r *opspb.Company) (dispatch.Company, string) {
			return dispatch.Company{ID: r.GetId(), Name: r.GetName()}, ""
		})
	}, s.config.Registry.ImportCompanies)
	if err != nil {
		return err
	}
	return stream.SendAndClose(&opspb.ImportCompaniesResponse{
		Added: int32Of(sum.Added), Changed: int32Of(sum.Changed), Same: int32Of(sum.Same),
	})
}

// ImportDrivers writes drivers, as ImportCompanies does.
func (s *Server) ImportDrivers(
	stream grpc.ClientStreamingServer[opspb.ImportDriversRequest, opspb.ImportDriversResponse],
) error {
	sum, err := receive(stream, func(m *opspb.ImportDriversRequest) ([]dispatch.Driver, error) {
		if err := checkPhones(m.GetRows()); err != nil {
			return nil, err
		}
		return rowsOf(s, m.GetRows(), func(r *opspb.Driver) (dispatch.Driver, string) {
			return dispatch.Driver{
				ID: dispatch.DriverID(r.GetId()), City: dispatch.CityID(r.GetCity()),
				Name: r.GetName(), Phone: r.GetPhone(), Company: r.GetCompany(),
				PhotoURI: r.GetPhotoUri(),
			}, r.GetCity()
		})
	}, s.config.Registry.ImportDrivers)
	if err != nil {
		return err
	}
	return stream.SendAndClose(&opspb.ImportDriversResponse{
		Added: int32Of(sum.Added), Changed: int32Of(sum.Changed), Same: int32Of(sum.Same),
	})
}

// ImportTaxis writes taxis, as ImportCompanies does.
func (s *Server) ImportTaxis(
	stream grpc.ClientStreamingServer[opspb.ImportTaxisRequest, opspb.ImportTaxisResponse],
) error {
	sum, err := receive(stream, func(m *opspb.ImportTaxisRequest) ([]dispatch.Taxi, error) {
		if err := checkPlates(m.GetRows()); err != nil {
			return nil, err
		}
		return rowsOf(s, m.GetRows(), func(r *opspb.Taxi) (dispatch.Taxi, string) {
			return dispatch.Taxi{
				ID: dispatch.TaxiID(r.GetId()), City: dispatch.CityID(r.GetCity()),
				Plate: r.GetPlate(), Seats: int(r.GetSeats()),
				Vehicle: dispatch.Vehicle{
					Class: dispatch.Class(r.GetClass()), Tags: dispatch.TagsOf(r.GetTags()),
				},
			}, r.GetCity()
		})
	}, s.config.Registry.ImportTaxis)
	if err != nil {
		return err
	}
	return stream.SendAndClose(&opspb.ImportTaxisResponse{
		Added: int32Of(sum.Added), Changed: int32Of(sum.Changed), Same: int32Of(sum.Same),
	})
}

// ImportRiders writes riders, as ImportCompanies does.
func (s *Server) ImportRiders(
	stream grpc.ClientStreamingServer[opspb.ImportRidersRequest, opspb.ImportRidersResponse],
) error {
	sum, err := receive(stream, func(m *opspb.ImportRidersRequest) ([]dispatch.Rider, error) {
		if err := checkPhones(m.GetRows()); err != nil {
			return nil, err
		}
		return rowsOf(s, m.GetRows(), func(r *opspb.Rider) (dispatch.Rider, string) {
			return dispatch.Rider{
				ID: dispatch.RiderID(r.GetId()), Name: r.GetName(), Phone: r.GetPhone(),
				Senior: r.GetSenior(),
			}, ""
		})
	}, s.config.Registry.ImportRiders)
	if err != nil {
		return err
	}
	return stream.SendAndClose(&opspb.ImportRidersResponse{
		Added: int32Of(sum.Added), Changed: int32Of(sum.Changed), Same: int32Of(sum.Same),
	})
}

// upload is the part of a client's stream that an import reads.
type upload[M any] interface {
	Recv() (*M, error)
	Context() context.Context
}

// message is a pointer to a generated message.
type message[M any] interface {
	*M
	proto.Message
}

// receive imports one message after the other and adds up what was written. An error names its
// message and, where it is one row's fault, the row: both counted from 0 as in the paths of fields
// ("messages[2].rows[7].id must be …"), or the row by its id where the database has refused it.
// The messages before it are written; to send all of them again is no harm.
func receive[M, R any, P message[M]](
	stream upload[M], rows func(P) ([]R, error),
	write func(context.Context, []R) (dispatch.Imported, error),
) (dispatch.Imported, error) {
	var sum dispatch.Imported
	for i := 0; ; i++ {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return sum, nil
		}
		if err != nil {
			return sum, err
		}
		if err := wire.Validate(P(m)); err != nil {
			return sum, wire.Within("messages", i, err)
		}
		these, err := rows(P(m))
		if err != nil {
			return sum, wire.Within("messages", i, err)
		}
		done, err := write(stream.Context(), these)
		if err != nil {
			return sum, wire.Within("messages", i, err)
		}
		sum.Added += done.Added
		sum.Changed += done.Changed
		sum.Same += done.Same
	}
}

// identified is a row of a message.
type identified interface{ GetId() string }

// rowsOf translates rows. convert also says the row's city; "" is none. Errors: Invalid for an id
// that is twice in the message, NotFound for a city that we do not serve.
func rowsOf[P identified, R any](
	s *Server, from []P, convert func(P) (row R, city string),
) ([]R, error) {
	at := make(map[string]int, len(from))
	rows := make([]R, 0, len(from))
	for i, p := range from {
		if first, ok := at[p.GetId()]; ok {
			return nil, wire.BadField(fmt.Sprintf("rows[%d].id", i),
				fmt.Sprintf("another than rows[%d].id, %q", first, p.GetId()))
		}
		at[p.GetId()] = i
		row, city := convert(p)
		if city != "" {
			if _, err := s.config.Cities.City(dispatch.CityID(city)); err != nil {
				return nil, &dispatch.Error{
					Kind: dispatch.NotFound, Reason: dispatch.ReasonUnknownCity,
					Field: fmt.Sprintf("rows[%d].city", i), Limit: "a city that is served",
					Text: fmt.Sprintf("rows[%d].city: unknown city %q", i, city),
				}
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}
