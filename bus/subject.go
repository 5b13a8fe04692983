package bus

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"hexhail/dispatch"
)

// Every subject of the service. Cities, drivers and rides are tokens made by token.
//
//	loc.<city>              frames of positions, to the city's engine
//	nudge.<city>            changes, to the city's engine
//	quote.<city>            questions for taxis, answered by the city's engine
//	call.<city>             calls that were made or have ended, to every node with sessions
//	push.<city>.<driver>    notices, to the node that holds the driver's session
//	session.<driver>        a driver's session has begun somewhere
//	ride.<city>.<ride>      changes of a ride, to those who watch it
//	pos.<city>.<ride>       positions of a ride's taxi, to those who watch it
//	event.<city>.<kind>     what happened to rides, for outsiders; kept in the stream EVENTS
//	_INBOX.<random>.<n>     answers to the questions of one node
const (
	allPushes   = "push.>"
	allSessions = "session.>"
	allEvents   = "event.>"
)

// Stream is the name of the JetStream stream that keeps events.
const Stream = "EVENTS"

func locSubject(city dispatch.CityID) string   { return "loc." + token(string(city)) }
func nudgeSubject(city dispatch.CityID) string { return "nudge." + token(string(city)) }
func quoteSubject(city dispatch.CityID) string { return "quote." + token(string(city)) }

func callSubject(city dispatch.CityID) string { return "call." + token(string(city)) }

func pushSubject(city dispatch.CityID, driver dispatch.DriverID) string {
	return "push." + token(string(city)) + "." + token(string(driver))
}

// sessionSubject takes a token, since that is what sessions are filed under.
func sessionSubject(driverToken string) string { return "session." + driverToken }

func rideSubject(city dispatch.CityID, ride dispatch.RideID) string {
	return "ride." + token(string(city)) + "." + token(string(ride))
}

func posSubject(city dispatch.CityID, ride dispatch.RideID) string {
	return "pos." + token(string(city)) + "." + token(string(ride))
}

func eventSubject(city dispatch.CityID, kind dispatch.EventKind) string {
	return "event." + token(string(city)) + "." + token(string(kind))
}

// lastToken is the part of a subject after its last dot.
func lastToken(subject string) string { return subject[strings.LastIndexByte(subject, '.')+1:] }

// longID is the length of an id in bytes up to which its token can be read back. The house's ids
// are at most that long; a longer one is told by its hash, so that no id whatever makes a subject
// that is longer than the server's control line (4,096 bytes), at which it would cut the
// connection.
const longID = 64

const upperHex = "0123456789ABCDEF"

// token makes one token of a subject from any id, distinct for distinct ids. Letters, digits, '-'
// and '_' stand for themselves, so that common ids are their own tokens and cost nothing; any other
// byte is '=' and two hexadecimal digits; the empty id is '='; an id longer than longID is "=h" and
// its SHA-256.
func token(id string) string {
	if id == "" {
		return "="
	}
	if len(id) > longID {
		sum := sha256.Sum256([]byte(id))
		return "=h" + hex.EncodeToString(sum[:])
	}
	odd := 0
	for i := range len(id) {
		if !plain(id[i]) {
			odd++
		}
	}
	if odd == 0 {
		return id
	}
	out := make([]byte, 0, len(id)+2*odd)
	for i := range len(id) {
		if c := id[i]; plain(c) {
			out = append(out, c)
		} else {
			out = append(out, '=', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(out)
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_'
}
