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
	drivers, err := s.config.Reads.Drivers(ctx, of, page)
	if err != nil {
		return nil, err
	}
	out := &opspb.ListDriversResponse{}
	for _, d := range drivers {
		out.Drivers = append(out.Drivers, driverPB(d))
	}
	if len(drivers) == page.Limit {
		out.NextPageToken = wire.NextPage(list, string(drivers[len(drivers)-1].ID))
	}
	return out, nil
}

func driverPB(d dispatch.Driver) *opspb.Driver {
	return &opspb.Driver{
		Id: string(d.ID), City: string(d.City), Name: d.Name, Phone: d.Phone, Company: d.Company,
		PhotoUri: d.PhotoURI,
	}
}
