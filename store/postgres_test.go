package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"sync"
	"testing"

	"hexhail/store"
	"hexhail/store/storetest"
)

// postgresURL is the server to test on. At a desk without one the test skips; where one has to be,
// it fails.
func postgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv("HEXHAIL_POSTGRES")
	if server == "" {
		if os.Getenv("HEXHAIL_REQUIRE_POSTGRES") == "1" || os.Getenv("CI") == "true" {
			t.Fatal("no Postgres: HEXHAIL_POSTGRES is not set")
		}
		t.Skip("SKIPPED: no Postgres; set HEXHAIL_POSTGRES or run scripts/test")
	}
	return server
}

// template is a migrated database that tests' own are copies of, which is faster than to migrate
// each. dropTemplate drops it when all have ended.
var template = fmt.Sprintf("hexhail_template_%016x", rand.Uint64())

var makeTemplate = sync.OnceValue(func() error {
	server := os.Getenv("HEXHAIL_POSTGRES")
	if err := administer(server, "CREATE DATABASE "+template); err != nil {
		return err
	}
	at, err := databaseAt(server, template)
	if err != nil {
		return err
	}
	db, err := store.Open(context.Background(), at)
	if err != nil {
		return err
	}
	return db.Close()
})

func dropTemplate() error {
	return administer(os.Getenv("HEXHAIL_POSTGRES"), "DROP DATABASE IF EXISTS "+template)
}

// administer runs one statement on a server.
func administer(server, text string) error {
	admin, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	_, err = admin.ExecContext(context.Background(), text)
	return errors.Join(err, admin.Close())
}

// databaseAt is the URL of another database of a server.
func databaseAt(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// databaseURL makes a database of the test's own, with the schema, and returns its URL.
func databaseURL(t testing.TB) string {
	t.Helper()
	server := postgresURL(t)
	if err := makeTemplate(); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%016x", rand.Uint64())
	run := func(text string) {
		if err := administer(server, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	run("CREATE DATABASE " + name + " TEMPLATE " + template)
	t.Cleanup(func() { run("DROP DATABASE " + name + " WITH (FORCE)") })
	at, err := databaseAt(server, name)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func openPostgres(t testing.TB, opts ...store.Option) storetest.Database {
	t.Helper()
	db := open(t, databaseURL(t), opts...)
	db.Postgres = true
	return db
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	postgresURL(t)
	storetest.Run(t, openPostgres)
}
