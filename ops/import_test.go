package ops_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

func (e *edge) drivers(ctx context.Context, messages ...[]*opspb.Driver) ([3]int32, error) {
	stream, err := e.ImportDrivers(ctx)
	if err != nil {
		return [3]int32{}, err
	}
	for _, rows := range messages {
		if stream.Send(&opspb.ImportDriversRequest{Rows: rows}) != nil {
			break
		}
	}
	got, err := stream.CloseAndRecv()
	return [3]int32{got.GetAdded(), got.GetChanged(), got.GetSame()}, err
}

func someDrivers(from, n int, company string) []*opspb.Driver {
	var rows []*opspb.Driver
	for i := range n {
		rows = append(rows, &opspb.Driver{
			Id: fmt.Sprintf("D%05d", from+i), City: "beijing", Name: "司机", Company: company,
		})
	}
	return rows
}

func TestImports(t *testing.T) {
	e := newEdge(t, sandbox)
	check := func(what string, got, want [3]int32, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Fatalf("%s: %v %v, want %v", what, got, err, want)
		}
	}
	companies, err := e.ImportCompanies(e.ops())
	e.ok(err)
	e.ok(companies.Send(&opspb.ImportCompaniesRequest{Rows: []*opspb.Company{
		{Id: "C1", Name: "首汽"}, {Id: "C2", Name: "银建"},
	}}))
	c, err := companies.CloseAndRecv()
	check("companies", [3]int32{c.GetAdded(), c.GetChanged(), c.GetSame()}, [3]int32{2, 0, 0}, err)

	all := [][]*opspb.Driver{someDrivers(0, 1000, "C1"), someDrivers(1000, 500, "C2")}
	got, err := e.drivers(e.ops(), all...)
	check("drivers", got, [3]int32{1500, 0, 0}, err)
	all[1][7].Name = "another"
	got, err = e.drivers(e.ops(), all...)
	check("drivers again", got, [3]int32{0, 1, 1499}, err)
	got, err = e.drivers(e.ops())
	check("no drivers", got, [3]int32{}, err)

	taxis, err := e.ImportTaxis(e.ops())
	e.ok(err)
	e.ok(taxis.Send(&opspb.ImportTaxisRequest{Rows: []*opspb.Taxi{
		{
			Id: "T1", City: "beijing", Plate: "京B1", Seats: 4, Class: "large",
			Tags: []string{"wheelchair", "child_seat"},
		},
	}}))
	x, err := taxis.CloseAndRecv()
	check("taxis", [3]int32{x.GetAdded(), x.GetChanged(), x.GetSame()}, [3]int32{1, 0, 0}, err)

	riders, err := e.ImportRiders(e.ops())
	e.ok(err)
	for range 2 {
		e.ok(riders.Send(&opspb.ImportRidersRequest{Rows: []*opspb.Rider{
			{Id: "R1", Name: "乘客", Phone: "13800001111", Senior: true},
		}}))
	}
	r, err := riders.CloseAndRecv()
	check("riders", [3]int32{r.GetAdded(), r.GetChanged(), r.GetSame()}, [3]int32{1, 0, 1}, err)
	e.ok(e.db.Tx(t.Context(), func(tx dispatch.Tx) error {
		d, err := tx.Driver("D01007")
		if d.Name != "another" || d.Company != "C2" {
			t.Errorf("%+v", d)
		}
		if err != nil {
			return err
		}
		x, err := tx.Taxi("T1")
		if x.Vehicle != (dispatch.Vehicle{Class: "large", Tags: "child_seat,wheelchair"}) {
			t.Errorf("%+v", x)
		}
		if err != nil {
			return err
		}
		r, err := tx.Rider("R1")
		if !r.Senior {
			t.Errorf("%+v", r)
		}
		return err
	}))
}

// TestBadImports: the error names message and row, nothing of the message is written, and what was
// sent before it is.
func TestBadImports(t *testing.T) {
	e := newEdge(t, sandbox)
	spoil := func(n int, change func(*opspb.Driver)) []*opspb.Driver {
		rows := someDrivers(100, 10, "")
		change(rows[n])
		return rows
	}
	for name, tc := range map[string]struct {
		rows   []*opspb.Driver
		code   codes.Code
		reason dispatch.Reason
		text   string
	}{
		"no id and no name": {
			spoil(7, func(d *opspb.Driver) { d.Id, d.Name = "", strings.Repeat("n", 201) }),
			codes.InvalidArgument, dispatch.ReasonField,
			"messages[1].rows[7].id: must be given; messages[1].rows[7].name: must be at most",
		},
		"no id": {
			spoil(7, func(d *opspb.Driver) { d.Id = "" }),
			codes.InvalidArgument, dispatch.ReasonField, "messages[1].rows[7].id",
		},
		"twice": {
			spoil(7, func(d *opspb.Driver) { d.Id = "D00102" }),
			codes.InvalidArgument, dispatch.ReasonField,
			`messages[1].rows[7].id must be another than rows[2].id, "D00102"`,
		},
		"city": {
			spoil(9, func(d *opspb.Driver) { d.City = "atlantis" }),
			codes.NotFound, dispatch.ReasonUnknownCity, `messages[1].rows[9].city: unknown city`,
		},
		"company": {
			spoil(3, func(d *opspb.Driver) { d.Company = "C9" }),
			codes.NotFound, dispatch.ReasonUnknownCompany,
			"messages[1]: no company C9 of driver D00103",
		},
		"1,001 rows": {
			someDrivers(100, 1001, ""), codes.InvalidArgument, dispatch.ReasonField,
			"messages[1].rows",
		},
		"no rows": {nil, codes.InvalidArgument, dispatch.ReasonField, "messages[1].rows"},
	} {
		_, err := e.drivers(e.ops(), someDrivers(0, 2, ""), tc.rows, someDrivers(5000, 1, ""))
		text := e.refused(err, tc.code, tc.reason)
		if !strings.Contains(text, tc.text) {
			t.Errorf("%s: %q does not say %q", name, text, tc.text)
		}
		for _, field := range fields(err) {
			if !strings.HasPrefix(field, "messages[1].rows") || strings.HasSuffix(field, ":") {
				t.Errorf("%s: field %q", name, field)
			}
		}
		if n := len(fields(err)); n == 0 && tc.code == codes.InvalidArgument ||
			name == "no id and no name" && n != 2 {
			t.Errorf("%s: %d fields", name, n)
		}
		list, err := e.ListDrivers(e.ops(), &opspb.ListDriversRequest{PageSize: 200})
		e.ok(err)
		if n := len(list.GetDrivers()); n != 2 {
			t.Errorf("%s: %d drivers are written, want the 2 of the first message", name, n)
		}
	}
}

func TestBadPhonesAndPlates(t *testing.T) {
	e := newEdge(t, sandbox)
	for _, phone := range []string{"not a phone", "+", "138-0000", "1380000x", "１３８"} {
		stream, err := e.ImportRiders(e.ops())
		e.ok(err)
		e.ok(stream.Send(&opspb.ImportRidersRequest{Rows: []*opspb.Rider{
			{Id: "R1", Name: "n", Phone: "+8613800001111"},
			{Id: "R2", Name: "n"},
			{Id: "R3", Name: "n", Phone: phone},
		}}))
		_, err = stream.CloseAndRecv()
		e.refused(err, codes.InvalidArgument, dispatch.ReasonField)
		if got := fields(err); !slices.Equal(got, []string{"messages[0].rows[2].phone"}) {
			t.Errorf("%q: %q", phone, got)
		}
	}
	rows := []*opspb.Taxi{
		{Id: "T1", City: "beijing", Plate: "京B1", Seats: 4},
		{Id: "T2", City: "beijing", Plate: "京B2", Seats: 4},
		{Id: "T3", City: "beijing", Plate: "京B1", Seats: 4},
	}
	stream, err := e.ImportTaxis(e.ops())
	e.ok(err)
	e.ok(stream.Send(&opspb.ImportTaxisRequest{Rows: rows}))
	_, err = stream.CloseAndRecv()
	text := e.refused(err, codes.InvalidArgument, dispatch.ReasonField)
	if want := `messages[0].rows[2].plate must be another than rows[0].plate, "京B1"`; text != want {
		t.Errorf("%q, want %q", text, want)
	}
}

func TestListDrivers(t *testing.T) {
	e := newEdge(t, sandbox)
	_, err := e.db.ImportCompanies(t.Context(),
		[]dispatch.Company{{ID: "C1", Name: "首汽"}, {ID: "C2", Name: "银建"}})
	e.ok(err)
	_, err = e.drivers(e.ops(), someDrivers(0, 5, "C1"), someDrivers(5, 3, "C2"),
		someDrivers(8, 1, ""))
	e.ok(err)
	all := func(ctx context.Context, company string) (ids []string) {
		t.Helper()
		for token := ""; ; {
			page, err := e.ListDrivers(ctx, &opspb.ListDriversRequest{
				PageSize: 2, PageToken: token, Company: company,
			})
			e.ok(err)
			for _, d := range page.GetDrivers() {
				ids = append(ids, d.GetId())
			}
			if token = page.GetNextPageToken(); token == "" {
				return ids
			}
		}
	}
	one, two := e.as(typepb.Role_ROLE_COMPANY, "C1"), e.as(typepb.Role_ROLE_COMPANY, "C2")
	for name, tc := range map[string]struct {
		ctx     context.Context
		asked   string
		n, from int
	}{
		"ops":                  {e.ops(), "", 9, 0},
		"ops, one company":     {e.ops(), "C2", 3, 5},
		"company":              {one, "", 5, 0},
		"company, its own":     {two, "C2", 3, 5},
		"company, another's":   {two, "C1", 3, 5},
		"company without any":  {e.as(typepb.Role_ROLE_COMPANY, "C3"), "C1", 0, 0},
		"ops, unknown company": {e.ops(), "C9", 0, 0},
	} {
		var want []string
		for _, d := range someDrivers(tc.from, tc.n, "") {
			want = append(want, d.GetId())
		}
		if got := all(tc.ctx, tc.asked); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	last, err := e.ListDrivers(one, &opspb.ListDriversRequest{PageSize: 5})
	e.ok(err)
	if last.GetNextPageToken() != "" || len(last.GetDrivers()) != 5 {
		t.Errorf("a full last page has another one after it: %v", last)
	}
	page, err := e.ListDrivers(one, &opspb.ListDriversRequest{PageSize: 2})
	e.ok(err)
	_, err = e.ListDrivers(two, &opspb.ListDriversRequest{PageToken: page.GetNextPageToken()})
	e.refused(err, codes.InvalidArgument, wire.ReasonPageToken)
}
