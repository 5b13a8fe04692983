package ops

import (
	"cmp"
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// ListDrivers reads drivers by id. A company gets its own, whatever it asks for.
func (s *Server) ListDrivers(ctx context.Context, in *opspb.ListDriversRequest) (
	*opspb.ListDriversResponse, error,
) {
	own, err := company(ctx)
	if err != nil {
		return nil, err
	}
	of := cmp.Or(own, in.GetCompany())
	list := "ops/drivers/" + of + "/" + wire.CallerOf(ctx).Identity()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	read := func(p dispatch.Page) ([]dispatch.Driver, error) {
		return s.config.Reads.Drivers(ctx, of, p)
	}
	drivers, err := read(page)
	if err != nil {
		return nil, err
	}
	out := &opspb.ListDriversResponse{}
	for _, d := range drivers {
		out.Drivers = append(out.Drivers, driverPB(d))
	}
	if len(drivers) == page.Limit {
		out.NextPageToken, err = nextPage(list, string(drivers[len(drivers)-1].ID), read)
	}
	return out, err
}

// nextPage is the token of what comes after a row of a list, "" if nothing does.
func nextPage[R any](
	list, last string, read func(dispatch.Page) ([]R, error),
) (string, error) {
	more, err := read(dispatch.Page{After: last, Limit: 1})
	if err != nil || len(more) == 0 {
		return "", err
	}
	return wire.NextPage(list, last), nil
}

func driverPB(d dispatch.Driver) *opspb.Driver {
	return &opspb.Driver{
		Id: string(d.ID), City: string(d.City), Name: d.Name, Phone: d.Phone, Company: d.Company,
		PhotoUri: d.PhotoURI,
	}
}
