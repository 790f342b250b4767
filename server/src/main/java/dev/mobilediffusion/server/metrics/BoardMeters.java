package dev.mobilediffusion.server.metrics;

import dev.mobilediffusion.server.queue.BoardStatus;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * The boards of a fleet as this one sees them: a row per board, which goes when the board does. Every board shows all, so a
 * query takes the maximum by board. Used by the scraper alone.
 */
final class BoardMeters {

    private final Supplier<List<BoardStatus>> boards;
    private final List<Column> columns = new ArrayList<>();

    private record Column(MultiGauge gauge, ToDoubleFunction<BoardStatus> value) {}

    BoardMeters(MeterRegistry registry, Supplier<List<BoardStatus>> boards) {
        this.boards = boards;
        add(
                MultiGauge.builder("mobilediffusion.fleet.board.picture.duration")
                        .description("Time of a picture at a board, as it measured lately")
                        .baseUnit("seconds")
                        .register(registry),
                BoardStatus::secondsPerImage);
        add(
                MultiGauge.builder("mobilediffusion.fleet.board.pictures.drawing")
                        .description("Pictures that a board has taken and not finished")
                        .register(registry),
                BoardStatus::drawing);
        add(
                MultiGauge.builder("mobilediffusion.fleet.board.drained")
                        .description("1 for a board that its owner told to draw nothing")
                        .register(registry),
                board -> board.resting() ? 1 : 0);
        add(
                MultiGauge.builder("mobilediffusion.fleet.board.temperature")
                        .description("A board's hottest zone")
                        .baseUnit("celsius")
                        .register(registry),
                board -> board.celsius().orElse(Double.NaN));
    }

    /** Takes over which boards there are, and what they tell. */
    void refresh() {
        List<BoardStatus> now = boards.get();
        for (Column column : columns) {
            column.gauge()
                    .register(
                            now.stream()
                                    .<MultiGauge.Row<?>>map(board -> MultiGauge.Row.of(
                                            Tags.of("board", board.name()),
                                            column.value().applyAsDouble(board)))
                                    .toList(),
                            true);
        }
    }

    private void add(MultiGauge gauge, ToDoubleFunction<BoardStatus> value) {
        columns.add(new Column(gauge, value));
    }
}
