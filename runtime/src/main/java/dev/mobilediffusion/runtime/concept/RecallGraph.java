package dev.mobilediffusion.runtime.concept;

import dev.mobilediffusion.runtime.bundle.GraphFile;
import dev.mobilediffusion.runtime.bundle.GraphFile.Node;
import dev.mobilediffusion.runtime.bundle.GraphTensor;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The visual memory in a text encoder's graph, as the forge exports it ({@code models/forge/forge/export/recall.py}): a table
 * of encoded pictures, a row a thing, and for each count of tokens the phrases of so many that mean a row. Found by what the
 * nodes do, since the weights' names are numbers. Not thread-safe.
 */
final class RecallGraph {

    private final GraphFile graph;
    private final Map<String, Node> producers;
    private final Map<String, List<Node>> consumers;
    private final Map<Integer, Phrases> phrases = new HashMap<>(); // by their count of tokens
    private Node lookup; // reads rows of the table
    private GraphTensor table; // (things + 1, parts * numbers) int8, the last row for no thing
    private Node absent; // whose second input is the row for no thing
    private float[] scale = {}; // (numbers) what an int8 of the table is multiplied with
    private long base; // of the number that a phrase's tokens make

    /**
     * Phrases of one length.
     *
     * @param equal compares with their numbers
     * @param means reads what they mean
     */
    private record Phrases(Node equal, GraphTensor codes, Node means, GraphTensor meanings) {}

    /**
     * A phrase to be known.
     *
     * @param ids its token ids, from 1 to {@link #longest} of them
     * @param thing whose number it means, from 0 on, counted from the first that is added
     */
    record Phrase(List<Integer> ids, int thing) {}

    private RecallGraph(GraphFile graph) {
        this.graph = graph;
        this.producers = graph.producers();
        this.consumers = graph.consumers();
    }

    /** The memory of the text encoder in {@code file}; empty where it has none that things can be added to. */
    static Optional<RecallGraph> of(Path file) {
        RecallGraph recall = new RecallGraph(GraphFile.open(file));
        recall.graph.nodes().forEach(recall::recognize);
        return Optional.of(recall).filter(RecallGraph::isWhole);
    }

    private boolean isWhole() {
        return table != null
                && base > 1
                && scale.length > 0
                && !phrases.isEmpty()
                && table.shape().get(1) % scale.length == 0
                && (long) side() * side() * scale.length == table.shape().get(1);
    }

    private void recognize(Node node) {
        if (node.operator().equals("Gather")) {
            Optional<GraphTensor> read = graph.tensor(node.input(0));
            if (read.isPresent() && read.get().is(GraphTensor.INT8, 2) && isOperator(node.input(1), "Where")) {
                lookup = node;
                table = read.get();
                absent = producers.get(node.input(1));
                scale = scaleBehind(node);
            } else if (read.isPresent()
                    && read.get().is(GraphTensor.INT32, 1)
                    && !producers.containsKey(node.input(1))) {
                base = read.get().size() + 1L; // which tokens of the vocabulary end a word
            }
        } else if (node.operator().equals("Equal") && isOperator(node.input(0), "Unsqueeze")) {
            graph.tensor(node.input(1))
                    .filter(codes -> codes.is(GraphTensor.INT64, 1))
                    .ifPresent(codes -> phrases(node, codes));
        }
    }

    private boolean isOperator(String value, String operator) {
        return producers.containsKey(value) && producers.get(value).operator().equals(operator);
    }

    /** The float vector that the rows are multiplied with, a few nodes on. */
    private float[] scaleBehind(Node gather) {
        return follow(gather, "Cast")
                .flatMap(node -> follow(node, "Reshape"))
                .flatMap(node -> follow(node, "Mul"))
                .flatMap(node -> graph.tensor(node.input(1)))
                .filter(found -> found.is(GraphTensor.FLOAT, 1))
                .map(GraphTensor::floats)
                .orElse(new float[0]);
    }

    /** The node of that kind that reads what {@code node} gives. */
    private Optional<Node> follow(Node node, String operator) {
        return consumers.getOrDefault(node.outputs().getFirst(), List.of()).stream()
                .filter(next -> next.operator().equals(operator))
                .findFirst();
    }

    private void phrases(Node equal, GraphTensor codes) {
        Optional<Node> same = follow(equal, "Cast");
        Optional<Node> means = same.flatMap(node -> follow(node, "ArgMax")).flatMap(node -> follow(node, "Gather"));
        Optional<GraphTensor> meanings =
                means.flatMap(node -> graph.tensor(node.input(0))).filter(each -> each.is(GraphTensor.INT64, 1));
        // Where one was found, this many tokens were: the number is the second input of the Where that asks
        Optional<GraphTensor> length = same.flatMap(node -> follow(node, "ReduceMax"))
                .flatMap(node -> follow(node, "Cast"))
                .flatMap(node -> follow(node, "And"))
                .flatMap(this::countIn);
        if (meanings.isPresent() && length.isPresent() && meanings.get().size() == codes.size()) {
            phrases.put((int) length.get().longs()[0], new Phrases(equal, codes, means.orElseThrow(), meanings.get()));
        }
    }

    private Optional<GraphTensor> countIn(Node condition) {
        return consumers.getOrDefault(condition.outputs().getFirst(), List.of()).stream()
                .filter(node -> node.operator().equals("Where"))
                .flatMap(node -> graph.tensor(node.input(1)).stream())
                .filter(tensor -> tensor.type() == GraphTensor.INT64 && tensor.size() == 1)
                .findFirst();
    }

    /** Numbers of a part: 2x2 latents and their coverage. */
    int numbers() {
        return scale.length;
    }

    /** Parts in a row of a thing's picture. */
    int side() {
        return (int) Math.round(Math.sqrt((double) table.shape().get(1) / scale.length));
    }

    /** Tokens of a phrase that are compared. */
    int longest() {
        return phrases.keySet().stream().mapToInt(Integer::intValue).max().orElseThrow();
    }

    /** Whether phrases of so many tokens can be added. */
    boolean takes(int tokens) {
        return phrases.containsKey(tokens);
    }

    /** Whether the model came with a meaning for the phrase. */
    boolean knows(List<Integer> ids) {
        if (!phrases.containsKey(ids.size())) {
            return false;
        }
        long wanted = code(ids);
        for (long code : phrases.get(ids.size()).codes.longs()) {
            if (code == wanted) {
                return true;
            }
        }
        return false;
    }

    /** One number for the tokens: digits from 1 on, so that phrases of different lengths differ. */
    private long code(List<Integer> ids) {
        long code = 0;
        for (int id : ids) {
            code = code * base + id + 1;
        }
        return code;
    }

    /**
     * Writes the text encoder with things added. To be called once.
     *
     * @param things (parts, numbers) of each, row by row
     */
    void write(Path target, List<float[]> things, List<Phrase> added) {
        int rows = table.size() / rowBytes() - 1;
        addRows(things, rows);
        for (Map.Entry<Integer, Phrases> entry : phrases.entrySet()) {
            List<Phrase> fitting = added.stream()
                    .filter(phrase -> phrase.ids.size() == entry.getKey())
                    .toList();
            if (!fitting.isEmpty()) {
                addPhrases(entry.getKey(), entry.getValue(), fitting, rows);
            }
        }
        graph.write(target);
    }

    private int rowBytes() {
        return Math.toIntExact(table.shape().get(1));
    }

    private void addRows(List<float[]> things, int rows) {
        byte[] old = table.bytes();
        byte[] all = new byte[old.length + things.size() * rowBytes()]; // ends with zeros, the row for no thing
        System.arraycopy(old, 0, all, 0, rows * rowBytes());
        for (int thing = 0; thing < things.size(); thing++) {
            float[] row = things.get(thing);
            for (int i = 0; i < row.length; i++) {
                int level = Math.round(row[i] / scale[i % scale.length]);
                all[(rows + thing) * rowBytes() + i] = (byte) Math.clamp(level, -Byte.MAX_VALUE, Byte.MAX_VALUE);
            }
        }
        long count = (long) rows + things.size();
        graph.replace(
                lookup,
                0,
                GraphTensor.of("concepts/table", List.of(count + 1, (long) rowBytes()), GraphTensor.INT8, all));
        graph.replace(absent, 1, GraphTensor.of("concepts/none", List.of(1L), count));
    }

    private void addPhrases(int tokens, Phrases known, List<Phrase> added, int rows) {
        long[] codes = new long[known.codes.size() + added.size()];
        long[] meanings = new long[codes.length];
        System.arraycopy(known.codes.longs(), 0, codes, 0, known.codes.size());
        System.arraycopy(known.meanings.longs(), 0, meanings, 0, known.codes.size());
        for (int i = 0; i < added.size(); i++) {
            codes[known.codes.size() + i] = code(added.get(i).ids);
            meanings[known.codes.size() + i] = (long) rows + added.get(i).thing;
        }
        List<Long> shape = List.of((long) codes.length);
        graph.replace(known.equal, 1, GraphTensor.of("concepts/phrases" + tokens, shape, codes));
        graph.replace(known.means, 0, GraphTensor.of("concepts/meanings" + tokens, shape, meanings));
    }
}
