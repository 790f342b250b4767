package dev.mobilediffusion.server.store;

import java.sql.SQLException;
import org.sqlite.SQLiteException;

/** {@code jobs.sqlite} is no database, or not one that this server wrote; its message says what is wrong with it. */
final class DamagedStoreException extends SQLException {

    private static final long serialVersionUID = 1L;

    DamagedStoreException(String reason) {
        super(reason);
    }

    /** Whether {@code failure} means that the file itself is damaged, and trying again cannot help. */
    static boolean isDamage(SQLException failure) {
        return failure instanceof DamagedStoreException
                || failure instanceof SQLiteException sqlite
                        && switch (primaryCode(sqlite)) {
                            case 11, 26 -> true; // SQLITE_CORRUPT, SQLITE_NOTADB
                            default -> false;
                        };
    }

    /** Extended codes carry the primary one in their low byte: https://sqlite.org/rescode.html */
    static int primaryCode(SQLiteException failure) {
        return failure.getResultCode().code & 0xff;
    }
}
