#include <sqlite3.h>

// What Swift cannot say: a destructor or an error that is worked out, and functions with any number
// of arguments.

enum {
  CSQLITE_NO_ROOM_FOR_SHARED_MEMORY = SQLITE_IOERR_SHMSIZE,
  CSQLITE_SHORT_READ = SQLITE_IOERR_SHORT_READ
};

static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const void *bytes,
                                    int count) {
  return sqlite3_bind_text(statement, index, (const char *)bytes, count, SQLITE_TRANSIENT);
}

static inline int csqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes,
                                    int count) {
  return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}

// Makes the connection read and write nothing but what it is told to: a schema cannot call what is
// not harmless (SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_TRUSTED_SCHEMA).
static inline int csqlite_defend(sqlite3 *database) {
  int result = sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
  if (result != SQLITE_OK) return result;
  return sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0);
}
