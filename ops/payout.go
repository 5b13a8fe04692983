package ops

import (
	"bytes"
	"context"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// GetStatement adds up a month of a driver, a taxi or a company.
func (s *Server) GetStatement(
	ctx context.Context, in *opspb.GetStatementRequest,
) (*opspb.GetStatementResponse, error) {
	own, err := company(ctx)
	if err != nil {
		return nil, err
	}
	city, err := s.config.Cities.City(dispatch.CityID(in.GetCity()))
	if err != nil {
		return nil, err
	}
	from, to, err := dispatch.Month(in.GetMonth(), city.Zone)
	if err != nil {
		return nil, err
	}
	q := dispatch.StatementQuery{From: from, To: to, Zone: city.Zone, Company: own}
	switch of := in.GetOf().(type) {
	case *opspb.GetStatementRequest_DriverId:
		q.Of, q.ID = dispatch.StatementOfDriver, of.DriverId
	case *opspb.GetStatementRequest_TaxiId:
		q.Of, q.ID = dispatch.StatementOfTaxi, of.TaxiId
	case *opspb.GetStatementRequest_CompanyId:
		q.Of, q.ID = dispatch.StatementOfCompany, of.CompanyId
	}
	statement, err := s.config.Reads.Statement(ctx, q)
	if err != nil {
		return nil, err
	}
	return &opspb.GetStatementResponse{
		Statement: wire.StatementPB(in.GetMonth(), statement),
	}, nil
}

// ListWithdrawals reads what has not ended.
func (s *Server) ListWithdrawals(
	ctx context.Context, in *opspb.ListWithdrawalsRequest,
) (*opspb.ListWithdrawalsResponse, error) {
	const list = "ops/withdrawals"
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	read := func(p dispatch.Page) ([]money.Withdrawal, error) {
		return s.config.Reads.OpenWithdrawals(ctx, p)
	}
	found, err := read(page)
	if err != nil {
		return nil, err
	}
	out := &opspb.ListWithdrawalsResponse{}
	for _, w := range found {
		out.Withdrawals = append(out.Withdrawals, wire.WithdrawalPB(w))
	}
	float, err := s.config.Desk.Float(ctx)
	if err != nil {
		return nil, err
	}
	out.FloatFen = int64(float)
	if len(found) == page.Limit {
		out.NextPageToken, err = nextPage(list, string(found[len(found)-1].ID), read)
	}
	return out, err
}

// MakeBankFile puts withdrawals into a file for the bank.
func (s *Server) MakeBankFile(
	ctx context.Context, in *opspb.MakeBankFileRequest,
) (*opspb.MakeBankFileResponse, error) {
	identity := wire.CallerOf(ctx).Identity()
	if identity == "" {
		return nil, errNobody()
	}
	file, err := s.config.Desk.MakeBankFile(ctx, s.now(),
		dispatch.Once{Identity: identity, RequestID: in.GetRequestId()})
	if err != nil {
		return nil, err
	}
	return &opspb.MakeBankFileResponse{
		FileId: string(file.ID), Rows: int32Of(file.Rows), TotalFen: int64(file.Total),
	}, nil
}

// GetBankFile reads a file for the bank.
func (s *Server) GetBankFile(
	ctx context.Context, in *opspb.GetBankFileRequest,
) (*opspb.GetBankFileResponse, error) {
	list, err := s.config.Desk.BankFile(ctx, money.BankFileID(in.GetFileId()))
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := money.WriteBankFile(&text, list); err != nil {
		return nil, err
	}
	return &opspb.GetBankFileResponse{Csv: text.Bytes()}, nil
}

// ImportBankResults books what the bank says.
func (s *Server) ImportBankResults(
	ctx context.Context, in *opspb.ImportBankResultsRequest,
) (*opspb.ImportBankResultsResponse, error) {
	results, err := money.ReadBankResults(bytes.NewReader(in.GetCsv()))
	if err != nil {
		return nil, err
	}
	done, err := s.config.Desk.BookBankResults(ctx, s.now(), results)
	if err != nil {
		return nil, err
	}
	out := &opspb.ImportBankResultsResponse{
		Paid: int32Of(done.Paid), Failed: int32Of(done.Failed), Same: int32Of(done.Same),
	}
	for _, r := range done.Refused {
		out.Refused = append(out.Refused, &opspb.BankRefusal{
			Line: int32Of(r.Result.Line), WithdrawalId: string(r.Result.ID), Why: r.Err.Error(),
		})
	}
	return out, nil
}
