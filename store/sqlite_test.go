package store_test

import (
	"path/filepath"
	"testing"

	"hexhail/store"
	"hexhail/store/storetest"
)

func open(t testing.TB, url string, opts ...store.Option) storetest.Database {
	t.Helper()
	db, err := store.Open(t.Context(), url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return storetest.Database{DB: db, SQL: db.Raw}
}

func openFile(t testing.TB, opts ...store.Option) storetest.Database {
	t.Helper()
	return open(t, "sqlite:"+filepath.Join(t.TempDir(), "hexhail.db"), opts...)
}

func openMemory(t testing.TB, opts ...store.Option) storetest.Database {
	t.Helper()
	return open(t, "sqlite::memory:", opts...)
}

// The suite waits for disks and servers most of the time: the engines run side by side.
func TestSQLiteFile(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openFile)
}

func TestSQLiteMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openMemory)
}
