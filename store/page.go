package store

import (
	"fmt"

	"hexhail/dispatch"
)

// pages are a list's two statements: for its first page, and for one after an id. With one for
// both, "no id yet or below it", a page deep in a list would cost as much as all before it.
type pages struct{ first, after *query }

// pagesOf makes the statements of a list. where follows the table's name and has n arguments of its
// own; key is what pages are ordered by, order " DESC" or "".
func pagesOf(c columns, where string, n int, key, order string) pages {
	than := ">"
	if order != "" {
		than = "<"
	}
	rest := fmt.Sprintf(" ORDER BY %s%s LIMIT $%d", key, order, n+1)
	return pages{
		first: c.selects(where + rest),
		after: c.selects(fmt.Sprintf("%s AND %s %s $%d", where, key, than, n+2) + rest),
	}
}

// newest are pages of the rides of one owner, $1, the latest first: their ids begin with the time
// of their making.
func newest(where string) pages { return pagesOf(rideColumns, where, 1, "id", " DESC") }

// page reads one page. Invalid for a size out of 1–MaxPage.
func page[T any](
	t *tx, scan func(*reader) T, list pages, p dispatch.Page, args ...any,
) ([]T, error) {
	if p.Limit < 1 || p.Limit > dispatch.MaxPage {
		return nil, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
			"a page has 1 to %d rows, not %d", dispatch.MaxPage, p.Limit)
	}
	args = append(args, p.Limit)
	if p.After == "" {
		return all(t, scan, list.first, args...)
	}
	return all(t, scan, list.after, append(args, p.After)...)
}
