#!/usr/bin/env python3
"""Says by simulation how long people wait at a fleet: for boards and load, from measured times of a picture.

    deploy/fleet/simulate.py --seconds 0.13 --boards 1,2,4,8 --load 0.5,0.8,0.95
    deploy/fleet/simulate.py --times FILE --boards 3 --per-second 10
    deploy/fleet/simulate.py --check [--pictures 400]

Jobs of one picture come at random (Poisson) from --clients that come alike often; boards take the clients' in turn, one picture ahead of what they draw,
as the server does. --seconds is a picture's time, --spread its coefficient of variation; --times takes measured ones, a number
a line. --overhead is what a picture costs beside drawing, on the board (asking NATS, sending the picture). --load is the share of what all
boards can draw. Output: a row per case with mean, median and 95th percentile of the time from submission to picture, in seconds.

--check starts three real servers and a real NATS here (needs what measure.py needs), measures a picture's time on them one by one, sends
them jobs at random moments and compares their waiting with the simulation's; it tells both. Python's standard library suffices.
"""

import argparse
import collections
import heapq
import random
import statistics
import sys
from pathlib import Path

ARRIVAL, FREE = 0, 1


class Boards:
    """Boards that take from lanes in turn, and one picture ahead."""

    def __init__(self, count):
        self.drawing = [None] * count  # when its picture arrived, or None
        self.ahead = [None] * count
        self.lanes = collections.OrderedDict()  # client → arrivals that no board has taken

    def put(self, client, arrived):
        self.lanes.setdefault(client, collections.deque()).append(arrived)

    def take(self):
        """The next in turn: its client's lane goes to the end."""
        if not self.lanes:
            return None
        client, lane = self.lanes.popitem(last=False)
        arrived = lane.popleft()
        if lane:
            self.lanes[client] = lane
        return arrived


def at_random(pictures, per_second, clients, seed):
    """(second, client) of each of so many pictures."""
    rng, now, arrivals = random.Random(seed), 0.0, []
    for _ in range(pictures):
        now += rng.expovariate(per_second)
        arrivals.append((now, rng.randrange(clients)))
    return arrivals


def simulate(arrivals, boards, times, overhead=0.0, idle_first=True, seed=2):
    """Time from submission to picture of each picture, the first tenth left out.

    times: a function of a random generator that gives a picture's time on a board, in seconds
    idle_first: whether boards that draw leave a picture to one that does not; otherwise whoever asks first has it
    """
    rng = random.Random(seed)
    fleet = Boards(boards)
    events = [(at, ARRIVAL, number, client) for number, (at, client) in enumerate(arrivals)]
    heapq.heapify(events)
    done = []

    def start(board, arrived, at):
        fleet.drawing[board] = arrived
        heapq.heappush(events, (at + times(rng) + overhead, FREE, board, None))

    while events:
        at, kind, number, client = heapq.heappop(events)
        if kind == ARRIVAL:
            fleet.put(client, at)
        else:
            done.append((fleet.drawing[number], at))
            fleet.drawing[number] = None
            if fleet.ahead[number] is not None:
                arrived, fleet.ahead[number] = fleet.ahead[number], None
                start(number, arrived, at)
        order = [board for board in range(boards) if fleet.ahead[board] is None] if fleet.lanes else []
        rng.shuffle(order)  # which board is quicker to ask is chance
        if idle_first:
            order.sort(key=lambda board: fleet.drawing[board] is not None)
        for board in order + order:
            if fleet.drawing[board] is None and (arrived := fleet.take()) is not None:
                start(board, arrived, at)
            elif fleet.ahead[board] is None:
                fleet.ahead[board] = fleet.take()
    done.sort()
    return [end - begin for begin, end in done[len(done) // 10:]]


def gamma(seconds, spread):
    """Times with that mean and coefficient of variation."""
    if spread == 0:
        return lambda rng: seconds
    shape = 1 / spread**2
    return lambda rng: rng.gammavariate(shape, seconds / shape)


def row(boards, load, per_second, waits):
    ordered = sorted(waits)
    p95 = ordered[int(0.95 * len(ordered))]
    return (f"{boards:6d} {load:6.2f} {per_second:10.2f} {statistics.mean(waits):8.2f} "
            f"{statistics.median(waits):8.2f} {p95:8.2f}")


HEADER = "boards   load  pictures/s     mean   median      p95"


def numbers(text, kind):
    return [kind(each) for each in text.split(",")]


def times_of(options):
    """(mean, a function that gives times) of what the options say."""
    if options.times:
        measured = [float(line) for line in Path(options.times).read_text().split()]
        return statistics.mean(measured), lambda rng: rng.choice(measured)
    return options.seconds, gamma(options.seconds, options.spread)


def print_table(options):
    mean, times = times_of(options)
    print(HEADER)
    for boards in numbers(options.boards, int):
        most = boards / (mean + options.overhead)
        rates = ([options.per_second] if options.per_second
                 else [load * most for load in numbers(options.load, float)])
        for per_second in rates:
            arrivals = at_random(options.pictures, per_second, options.clients, options.seed)
            waits = simulate(arrivals, boards, times, options.overhead, not options.eager)
            print(row(boards, per_second / most, per_second, waits))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boards", default="1,2,4,8,16,64,256,1000")
    parser.add_argument("--load", default="0.5,0.8,0.95")
    parser.add_argument("--per-second", type=float, help="pictures that are asked for, instead of --load")
    parser.add_argument("--seconds", type=float, default=2.0, help="a picture's time")
    parser.add_argument("--spread", type=float, default=0.15)
    parser.add_argument("--times", metavar="FILE", help="measured times of pictures, in seconds, a number a line")
    parser.add_argument("--overhead", type=float, default=0.02, help="seconds that a picture costs a board beside drawing")
    parser.add_argument("--pictures", type=int, default=20000)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--eager", action="store_true", help="boards that draw ask at once for the next, as quick as idle ones")
    parser.add_argument("--check", action="store_true", help="compare with three real servers")
    parser.add_argument("--command", help="the program of --check, if it is not this one")
    options = parser.parse_args()
    if options.check:
        import check_simulation
        return check_simulation.run(options)
    print_table(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
