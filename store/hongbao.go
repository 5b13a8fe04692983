package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// hongbaoColumns are written by InsertHongbao in this order, with due_at after them, and read by
// scanHongbao with what the ledger says.
var hongbaoColumns = columns{
	"id", "rider", "city", "sponsor", "amount", "title_en", "title_zh", "given_at", "expires_at",
}

const (
	ofHongbao     = `hongbao LEFT JOIN account ON account.id = 'hongbao:' || hongbao.id`
	leftOfHongbao = `coalesce(credits - debits - pending_debits, 0)`
	// isHongbaos are the conditions of the index transfer_of_hongbao.
	isHongbaos = `(kind = 'posted' OR kind = 'post')
		AND (substr(debit, 1, 8) = 'hongbao:' OR substr(credit, 1, 8) = 'hongbao:')`
	// spentOfHongbaos are the transfers that spend hongbaos or bring something back to them. One
	// that is taken from a hongbao adds to what was spent.
	spentOfHongbaos = `transfer JOIN hongbao ON hongbao.id =
			substr(CASE WHEN ` + fromHongbao + ` THEN debit ELSE credit END, 9)
		WHERE ` + isHongbaos + ` AND transfer.at >= $1 AND transfer.at < $2
			AND code <> 'fund' AND code <> 'hongbao_end' AND hongbao.city = $3`
	fromHongbao = `substr(debit, 1, 8) = 'hongbao:'`
)

// hongbaoRows are a hongbao's columns with what is left of it and held.
var hongbaoRows = append(hongbaoColumns.of("hongbao"),
	leftOfHongbao, "coalesce(pending_debits, 0)")

var (
	insertHongbao = append(append(columns{}, hongbaoColumns...), "due_at").insert("hongbao")
	hongbaosOf    = hongbaoRows.selects(ofHongbao + ` WHERE rider = $1 AND expires_at > $2
		AND ` + leftOfHongbao + ` > 0 ORDER BY expires_at, hongbao.id LIMIT $3`)
	dueHongbaos = &query{
		text: hongbaoRows.selects(ofHongbao + ` WHERE due_at > 0 AND due_at <= $1
			ORDER BY due_at, hongbao.id LIMIT $2`).text,
		lock: `FOR UPDATE OF hongbao SKIP LOCKED`,
	}
	putOffHongbao = &query{text: `UPDATE hongbao SET due_at = $2 WHERE id = $1`}
	wakeHongbao   = &query{text: `UPDATE hongbao SET due_at = expires_at WHERE id = $1`}

	allHongbaos = pagesOf(hongbaoRows, ofHongbao+` WHERE (sponsor = $1 OR $1 = '')`, 1,
		"hongbao.id", " DESC")
	riderHongbaos = pagesOf(hongbaoRows, ofHongbao+
		` WHERE rider = $1 AND (sponsor = $2 OR $2 = '')`, 2, "hongbao.id", " DESC")

	hongbaoSponsors = &query{text: `SELECT DISTINCT hongbao.sponsor FROM ` + spentOfHongbaos +
		` ORDER BY hongbao.sponsor`}
	hongbaosSpent = &query{text: `SELECT ` +
		total(`CASE WHEN `+fromHongbao+` THEN transfer.amount ELSE -transfer.amount END`) +
		`, count(*) FROM ` + spentOfHongbaos + ` AND hongbao.sponsor = $4`}
	bookedOfHongbaos = &query{text: `SELECT ` + bookedColumns.of("transfer").String() +
		` FROM ` + spentOfHongbaos + ` AND hongbao.sponsor = $4
		ORDER BY transfer.at, transfer.seq`}
)

func scanHongbao(r *reader) money.Hongbao {
	return money.Hongbao{
		ID: money.HongbaoID(r.text()), Rider: money.Party(r.text()), City: r.text(),
		Sponsor: money.Party(r.text()), Amount: r.fen(), TitleEN: r.text(), TitleZH: r.text(),
		GivenAt: r.time(), ExpiresAt: r.time(), Left: r.fen(), Held: r.fen(),
	}
}

// InsertHongbao implements [money.Hongbaos].
func (t *tx) InsertHongbao(h money.Hongbao) error {
	_, err := t.exec(insertHongbao, string(h.ID), string(h.Rider), h.City, string(h.Sponsor),
		int64(h.Amount), h.TitleEN, h.TitleZH, millis(h.GivenAt), millis(h.ExpiresAt),
		millis(h.ExpiresAt))
	return err
}

// HongbaosOf implements [money.Hongbaos].
func (t *tx) HongbaosOf(
	rider money.Party, now time.Time, limit int,
) ([]money.Hongbao, error) {
	return all(t, scanHongbao, hongbaosOf, string(rider), millis(now), limit)
}

// DueHongbaos implements [money.Hongbaos].
func (t *tx) DueHongbaos(now time.Time, limit int) ([]money.Hongbao, error) {
	list, err := all(t, scanHongbao, dueHongbaos, millis(now), limit)
	slices.SortFunc(list, func(a, b money.Hongbao) int { // as accounts are locked
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return list, err
}

// PutOffHongbao implements [money.Hongbaos].
func (t *tx) PutOffHongbao(id money.HongbaoID, at time.Time) error {
	return t.hongbao(putOffHongbao, id, string(id), millis(at))
}

// WakeHongbao implements [money.Hongbaos].
func (t *tx) WakeHongbao(id money.HongbaoID) error {
	return t.hongbao(wakeHongbao, id, string(id))
}

func (t *tx) hongbao(q *query, id money.HongbaoID, args ...any) error {
	n, err := t.exec(q, args...)
	if err != nil || n == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Internal, dispatch.ReasonStore, "no hongbao %s", id)
}

// HongbaoSponsors implements [money.HongbaoClaims].
func (t *tx) HongbaoSponsors(
	city string, from, to time.Time,
) ([]money.HongbaoSponsor, error) {
	scan := func(r *reader) money.HongbaoSponsor {
		return money.HongbaoSponsor{City: city, Sponsor: money.Party(r.text())}
	}
	return all(t, scan, hongbaoSponsors, millis(from), millis(to), city)
}

// HongbaosSpent implements [money.HongbaoClaims].
func (t *tx) HongbaosSpent(
	s money.HongbaoSponsor, from, to time.Time,
) (sum money.Fen, n int, err error) {
	err = t.each(hongbaosSpent, []any{millis(from), millis(to), s.City, string(s.Sponsor)},
		func(r *reader) { sum, n = r.fen(), r.int() })
	return sum, n, err
}

// Hongbaos are hongbaos, the latest first: of one rider and of one sponsor, if those are not "".
// Invalid for a page out of its limits.
func (db *DB) Hongbaos(
	ctx context.Context, rider dispatch.RiderID, sponsor money.Party, p dispatch.Page,
) ([]money.Hongbao, error) {
	if rider == "" {
		return page(db.look(ctx), scanHongbao, allHongbaos, p, string(sponsor))
	}
	return page(db.look(ctx), scanHongbao, riderHongbaos, p,
		string(dispatch.RiderParty(rider)), string(sponsor))
}
