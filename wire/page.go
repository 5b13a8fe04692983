package wire

import (
	"crypto/sha256"
	"encoding/base64"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
)

// Sizes of pages, in rows.
const (
	defaultPage = 50
	maxPage     = dispatch.MaxPage
)

const (
	pageVersion  = 1
	pageTagBytes = 8
)

// PageOf reads a page's size and token. list names the list, and whose it is if it is somebody's
// ("rides/" + caller.Identity()): a token of another list is refused. It is not a secret, and rows
// are the owner's by the query, not by the token. A size of 0 is 50, one above 200 is 200. Errors:
// Invalid for a negative size, ReasonPageToken for a token that is not NextPage's for this list.
func PageOf(list string, size int32, token string) (dispatch.Page, error) {
	switch {
	case size < 0:
		return dispatch.Page{}, BadField("page_size", "0 to 200")
	case size == 0:
		size = defaultPage
	}
	page := dispatch.Page{Limit: min(int(size), maxPage)}
	if token == "" {
		return page, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= 1+pageTagBytes || raw[0] != pageVersion {
		return dispatch.Page{}, badPage()
	}
	page.After = string(raw[1+pageTagBytes:])
	if NextPage(list, page.After) != token {
		return dispatch.Page{}, badPage()
	}
	return page, nil
}

func badPage() error {
	return Refuse(codes.InvalidArgument, ReasonPageToken,
		"page_token must be the next_page_token of a page of the same list")
}

// NextPage is the token of the page after the row with lastID: URL-safe, opaque, at most 98 bytes
// for an id of 64. "" for an empty lastID: there is no next page.
func NextPage(list, lastID string) string {
	if lastID == "" {
		return ""
	}
	tag := sha256.Sum256([]byte(list + "\x00" + lastID))
	raw := append([]byte{pageVersion}, tag[:pageTagBytes]...)
	return base64.RawURLEncoding.EncodeToString(append(raw, lastID...))
}
