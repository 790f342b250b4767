package dev.mobilediffusion.server.machine;

import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The processors that this process may use. */
public final class Processors {

    private static final String CPU_FOLDER = "sys/devices/system/cpu";
    private static final String CPU_INFO = "proc/cpuinfo";
    private static final String CONTROL_GROUPS = "sys/fs/cgroup";

    private final LinuxFiles files;

    Processors(LinuxFiles files) {
        this.files = files;
    }

    /**
     * How many threads should compute. The work of a network is dealt out in equal parts, and the slowest thread holds up the
     * others: with k threads the board is as fast as k times its k-th fastest processor, and the k is taken for which that
     * is most.
     *
     * @param available processors as Java counts them
     * @return in [1, available]
     */
    public int threads(int available) {
        int most = Math.max(1, (int) Math.min(available, quota().orElse(available)));
        List<Integer> capacities = capacities();
        int best = 1;
        for (int count = 2; count <= Math.min(most, capacities.size()); count++) {
            if (count * capacities.get(count - 1) > best * capacities.get(best - 1)) {
                best = count;
            }
        }
        return capacities.isEmpty() ? most : best;
    }

    /** Whether the processor has the extension {@code feature}, as the kernel spells it: {@code bf16}, {@code i8mm}. */
    public boolean has(String feature) {
        return files.text(CPU_INFO).stream()
                .flatMap(String::lines)
                .filter(line -> line.matches("(flags|Features)\\s*:.*"))
                .anyMatch(line -> List.of(line.split("[\\s:]+", -1)).contains(feature));
    }

    /** Model and abilities: what tells this processor from another one. Clock rates and the like change. */
    public String identity() {
        return files.text(CPU_INFO).stream()
                .flatMap(String::lines)
                .filter(line -> line.matches("(model name|flags|Features|CPU (implementer|part))\\s*:.*"))
                .distinct()
                .collect(Collectors.joining("\n"));
    }

    /** Speed of each processor that this process may run on, 1024 for the board's fastest, the fastest first. */
    private List<Integer> capacities() {
        Optional<Set<Integer>> allowed = allowed();
        return files.names(CPU_FOLDER, "cpu").stream()
                .filter(name -> name.matches("cpu\\d{1,4}"))
                .filter(name -> allowed.isEmpty() || allowed.get().contains(Integer.parseInt(name.substring(3))))
                .map(name -> files.number(CPU_FOLDER + "/" + name + "/cpu_capacity"))
                .flatMap(capacity -> capacity.stream().boxed())
                .map(Math::toIntExact)
                .sorted(Collections.reverseOrder())
                .toList();
    }

    /** Numbers of the processors that the scheduler may take; the kernel writes {@code 0-3,6}. */
    private Optional<Set<Integer>> allowed() {
        return files.text("proc/self/status").stream()
                .flatMap(String::lines)
                .filter(line -> line.startsWith("Cpus_allowed_list:"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .map(Processors::numbers)
                .findFirst();
    }

    private static Set<Integer> numbers(String ranges) {
        return Stream.of(ranges.split(",", -1))
                .filter(range -> range.matches("\\d{1,4}(-\\d{1,4})?"))
                .flatMap(range -> {
                    String[] ends = range.split("-", -1);
                    return IntStream.rangeClosed(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]))
                            .boxed();
                })
                .collect(Collectors.toCollection(HashSet::new));
    }

    /** Processors that the control groups grant, a part of one counting as a whole; the narrowest group counts. */
    private OptionalLong quota() {
        String path = files.text("proc/self/cgroup").stream()
                .flatMap(String::lines)
                .filter(line -> line.startsWith("0::"))
                .map(line -> line.substring("0::".length()))
                .findFirst()
                .orElse("/");
        OptionalLong least = version1Quota();
        while (true) {
            OptionalLong here = version2Quota(CONTROL_GROUPS + (path.equals("/") ? "" : path) + "/cpu.max");
            if (here.isPresent() && (least.isEmpty() || here.getAsLong() < least.getAsLong())) {
                least = here;
            }
            if (path.lastIndexOf('/') < 0 || path.equals("/")) {
                return least;
            }
            path = path.lastIndexOf('/') == 0 ? "/" : path.substring(0, path.lastIndexOf('/'));
        }
    }

    private OptionalLong version2Quota(String file) {
        String[] quotaAndPeriod = files.text(file).orElse("max").split(" ", -1);
        return quotaAndPeriod.length == 2
                ? quota(LinuxFiles.parse(quotaAndPeriod[0]), LinuxFiles.parse(quotaAndPeriod[1]))
                : OptionalLong.empty();
    }

    private OptionalLong version1Quota() {
        return quota(
                files.number(CONTROL_GROUPS + "/cpu/cpu.cfs_quota_us"),
                files.number(CONTROL_GROUPS + "/cpu/cpu.cfs_period_us"));
    }

    private static OptionalLong quota(OptionalLong microseconds, OptionalLong period) {
        if (microseconds.isEmpty() || period.isEmpty() || microseconds.getAsLong() < 1 || period.getAsLong() < 1) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(Math.ceilDiv(microseconds.getAsLong(), period.getAsLong()));
    }
}
