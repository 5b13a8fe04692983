package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
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

// schemaURL makes a schema of the test's own and returns the URL that leads into it.
func schemaURL(t testing.TB) string {
	t.Helper()
	server := postgresURL(t)
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	schema := fmt.Sprintf("test_%016x", rand.Uint64())
	run := func(text string) {
		if _, err := admin.ExecContext(context.Background(), text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	run("CREATE SCHEMA " + schema)
	t.Cleanup(func() {
		run("DROP SCHEMA " + schema + " CASCADE")
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	values := u.Query()
	values.Set("search_path", schema)
	u.RawQuery = values.Encode()
	return u.String()
}

func openPostgres(t testing.TB, opts ...store.Option) storetest.Database {
	t.Helper()
	db := open(t, schemaURL(t), opts...)
	db.Postgres = true
	return db
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	postgresURL(t)
	storetest.Run(t, openPostgres)
}
