package store

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"
	"path"
	"strings"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// The schema: migrations/*.sql for both engines, the folders below it for one of them. The numbers
// run through all three. A migration that has been released never changes, and there is no way
// back: an older program refuses a newer schema.
//
//go:embed migrations
var migrationFiles embed.FS

// migrations are one engine's: what both share, with the engine's own marks opened, and its folder.
//
// "/* sqlite: WITHOUT ROWID */" in a shared text is "WITHOUT ROWID" to SQLite and a comment to
// Postgres; "/* postgres: … */" is the other way round.
func migrations(engine string) (fs.FS, error) {
	all := fstest.MapFS{}
	for _, folder := range []string{"migrations", "migrations/" + engine} {
		entries, err := migrationFiles.ReadDir(folder)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if entry.IsDir() {
				continue
			}
			text, err := migrationFiles.ReadFile(path.Join(folder, entry.Name()))
			if err != nil {
				return nil, err
			}
			all[entry.Name()] = &fstest.MapFile{Data: []byte(openMarks(string(text), engine))}
		}
	}
	return all, nil
}

// openMarks turns "/* engine: text */" into "text".
func openMarks(text, engine string) string {
	parts := strings.Split(text, "/* "+engine+": ")
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.Replace(parts[i], " */", "", 1)
	}
	return strings.Join(parts, "")
}

func migrate(
	ctx context.Context, dialect goose.Dialect, db *sql.DB, engine string,
	opts ...goose.ProviderOption,
) error {
	files, err := migrations(engine)
	if err != nil {
		return internal("migrations", err)
	}
	opts = append(opts, goose.WithDisableGlobalRegistry(true))
	provider, err := goose.NewProvider(dialect, db, files, opts...)
	if err != nil {
		return internal("migrations", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return internal("the schema could not be brought up to date", err)
	}
	has, wants, err := provider.GetVersions(ctx)
	if err != nil {
		return internal("the schema's version", err)
	}
	if has > wants {
		return unavailable("the database's schema is newer than this program", nil)
	}
	return nil
}

func migrateLite(ctx context.Context, c *liteConn) error {
	db := sql.OpenDB(liteDriver{c})
	db.SetMaxOpenConns(1)
	err := migrate(ctx, goose.DialectSQLite3, db, "sqlite")
	if closing := db.Close(); err == nil && closing != nil {
		err = internal("migrations", closing)
	}
	return err
}

// migratePostgres lets one of several nodes that start at once do it, and the others wait; those of
// another schema in the same database do not.
func migratePostgres(ctx context.Context, db *sql.DB) error {
	var id int64
	err := db.QueryRowContext(ctx, "SELECT hashtextextended('hexhail in '||current_schema(), 0)").
		Scan(&id)
	if err != nil {
		return internal("the schema's name", err)
	}
	locker, err := lock.NewPostgresSessionLocker(
		lock.WithLockID(id), lock.WithLockTimeout(1, 300), // 1 s, five minutes
	)
	if err != nil {
		return internal("migrations", err)
	}
	return migrate(ctx, goose.DialectPostgres, db, "postgres", goose.WithSessionLocker(locker))
}
