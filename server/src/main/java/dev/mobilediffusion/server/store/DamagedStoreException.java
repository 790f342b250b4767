package dev.mobilediffusion.server.store;

import java.sql.SQLException;
import org.sqlite.SQLiteException;

/** {@code jobs.sqlite} is no database, or not one that this server wrote; its message says what is wrong with it. */
final class DamagedStoreException extends SQLException {

    private static final long serialVersionUID = 1L;
    private static final int SQLITE_CORRUPT = 11;
    private static final int SQLITE_NOTADB = 26;

    DamagedStoreException(String reason) {
        super(reason);
    }

    /** Whether {@code failure} means that the file itself is damaged, and trying again cannot help. */
    static boolean isDamage(SQLException failure) {
        if (failure instanceof SQLiteException sqlite) {
            int code = primaryCode(sqlite);
            return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
        }
        return failure instanceof DamagedStoreException;
    }

    /** Extended codes carry the primary one in their low byte: https://sqlite.org/rescode.html */
    static int primaryCode(SQLiteException failure) {
        return failure.getResultCode().code & 0xff;
    }
}
