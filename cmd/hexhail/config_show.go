package main

import (
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// masked stands for a secret.
const masked = "xxxxx"

// show is a value as check-config prints it: secrets in URLs are masked.
func show(key string, value any) string {
	text := fmt.Sprint(value)
	switch key {
	case "store":
		if strings.HasPrefix(text, "sqlite:") {
			return text
		}
		return maskURL(text, false)
	case "nats":
		servers := words(text)
		for i, server := range servers {
			servers[i] = maskURL(server, true)
		}
		return strings.Join(servers, ",")
	case "notify-url", "table-url", "flights-url":
		return maskURL(text, true)
	default:
		return text
	}
}

// secretKey is a key of a URL's query that holds a secret: password, sslpassword, token, sig.
var secretKey = regexp.MustCompile(`(?i)pass|secret|token|key|sig|auth|cred`)

// maskURL masks a URL's password, the values in its query that are called like secrets, and, where
// a name alone may be one (NATS takes a token there), a name without a password. Of what is no URL
// nothing is shown.
func maskURL(text string, nameIsSecret bool) string {
	if text == "" {
		return ""
	}
	bare := !strings.Contains(text, "://")
	if bare {
		text = "nats://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" {
		return masked + " (not a URL)"
	}
	if u.User != nil {
		if _, has := u.User.Password(); has {
			u.User = url.UserPassword(u.User.Username(), masked)
		} else if nameIsSecret {
			u.User = url.User(masked)
		}
	}
	pairs := strings.Split(u.RawQuery, "&")
	for i, pair := range pairs {
		if name, _, ok := strings.Cut(pair, "="); ok && secretKey.MatchString(name) {
			pairs[i] = name + "=" + masked
		}
	}
	u.RawQuery = strings.Join(pairs, "&")
	if bare {
		return strings.TrimPrefix(u.String(), "nats://")
	}
	return u.String()
}

// readElsewhere are the variables with our prefix that are no settings: the configuration file's,
// and those of tests and scripts. One that ends with _ stands for all that begin so.
var readElsewhere = []string{
	"CONFIG", "DATA", "POSTGRES", "REQUIRE_POSTGRES", "REWRITE", "SPEEDUP", "AT_ONCE", "SOAK",
	"FAILPOINT", "DRIVER_BENCH", "SOAK_", "BENCH_", "CRASH_", "TEST_",
}

// strangers tells of variables of the environment with our prefix that nothing reads, and of the
// setting that may be meant: one that differs by two letters at most (by one in three of a short
// one).
func strangers(environ []string) (told []string) {
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		word, ours := strings.CutPrefix(name, envPrefix)
		if !ours {
			continue
		}
		key := strings.ReplaceAll(strings.ToLower(word), "_", "-")
		if known(key) || slices.ContainsFunc(readElsewhere, func(other string) bool {
			return word == other || strings.HasSuffix(other, "_") && strings.HasPrefix(word, other)
		}) {
			continue
		}
		text := name + " is no setting and is not read"
		if near := nearestSetting(key); near != "" {
			text += "; is " + envName(near) + " meant?"
		}
		told = append(told, text)
	}
	return told
}

// nearestSetting is the first of the settings that a key may be a slip of; "" if there is none.
func nearestSetting(key string) string {
	for _, s := range settings {
		if distance(key, s.key) <= min(2, len(key)/3) {
			return s.key
		}
	}
	return ""
}

func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

// warnOfStrangers tells of variables that are not read although somebody may think so.
func warnOfStrangers(w io.Writer, environ []string) {
	for _, text := range strangers(environ) {
		fmt.Fprintln(w, "hexhail: "+text)
	}
}

// distance is how many letters have to be put in, taken out or changed to make b of a
// (Levenshtein 1966), by rows of the table of Wagner and Fischer (1974).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
