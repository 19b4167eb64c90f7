"""Stream-K decode attention as one Triton kernel: the schedule, the tiles and the merge in a single launch.

Each program works out its share of the line of tiles from the lengths, so a captured CUDA graph follows them.  Program
numbers run backwards: a host waits only for programs that were started before it, and an interpreter that runs one
after the other never waits at all.  A partial state is published with a release and read with an acquire of a flag
that holds the number of the launch, counted on the device, so flags are never cleared.  `CHUNK` above 0 makes the
result of an output independent of the rest of the batch: it is then put together from states of `CHUNK` tiles each,
always in the same order, whoever computed them.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def fold(
    queries,
    keys,
    values,
    table,
    start,
    length,
    first,
    last,
    scale,
    key_step,
    value_step,
    key_page_step,
    value_page_step,
    PAGE: tl.constexpr,
    ROWS: tl.constexpr,
    TILE: tl.constexpr,
    WIDTH: tl.constexpr,
    PADDED: tl.constexpr,
):
    """Peak, total (ROWS) and weighted values (ROWS, PADDED) of tiles `first` to `last` - 1, in base 2."""
    columns = tl.arange(0, PADDED)
    peak = tl.full([ROWS], float("-inf"), tl.float32)
    total = tl.zeros([ROWS], tl.float32)
    weighted = tl.zeros([ROWS, PADDED], tl.float32)
    for tile in range(first, last):
        inside = tile * TILE + tl.arange(0, TILE)
        held = inside < length
        places = start + inside
        if PAGE > 0:
            pages = tl.load(table + places // PAGE, mask=held, other=0).to(tl.int64)
            key_places = pages * key_page_step + (places % PAGE).to(tl.int64) * key_step
            value_places = pages * value_page_step + (places % PAGE).to(tl.int64) * value_step
        else:
            key_places = places.to(tl.int64) * key_step
            value_places = places.to(tl.int64) * value_step
        read = held[:, None] & (columns < WIDTH)[None, :]
        some_keys = tl.load(keys + key_places[:, None] + columns[None, :], mask=read, other=0.0)
        scores = tl.dot(queries, tl.trans(some_keys), input_precision="ieee") * scale
        scores = tl.where(held[None, :], scores, float("-inf"))
        top = tl.maximum(peak, tl.max(scores, 1))
        base = tl.where(top == float("-inf"), 0.0, top)
        weights = tl.exp2(scores - base[:, None])
        fade = tl.exp2(peak - base)
        total = total * fade + tl.sum(weights, 1)
        some_values = tl.load(values + value_places[:, None] + columns[None, :], mask=read, other=0.0)
        weighted = weighted * fade[:, None] + tl.dot(weights.to(some_values.dtype), some_values, input_precision="ieee")
        peak = top
    return peak, total, weighted


@triton.jit(do_not_specialize=["batch", "capacity"])
def lean_decode_kernel(
    rows,  # (B, G, COUNT, WIDTH), dense
    keys,
    values,
    output,  # as rows
    logsumexp,  # (B, G, COUNT)
    lengths,  # (B), read if HAS_LENGTHS
    starts,  # (B), read if HAS_STARTS
    table,  # (B, most pages), read if PAGE > 0
    slot_peaks,  # (slots, rows of a slot)
    slot_totals,
    slot_weighted,  # (slots, rows of a slot, WIDTH)
    flags,  # (slots)
    launches,  # (programs)
    scale,  # times log2(e)
    batch,
    capacity,
    key_batch_step,  # between sequences, or between pages
    key_head_step,
    key_step,
    value_batch_step,
    value_head_step,
    value_step,
    table_step,
    HEADS: tl.constexpr,
    COUNT: tl.constexpr,
    BLOCKS: tl.constexpr,  # of ROWS rows for each head
    HAS_LENGTHS: tl.constexpr,
    HAS_STARTS: tl.constexpr,
    PAGE: tl.constexpr,
    CHUNK: tl.constexpr,
    BATCH: tl.constexpr,
    ROWS: tl.constexpr,
    TILE: tl.constexpr,
    WIDTH: tl.constexpr,
    PADDED: tl.constexpr,
):
    """One program of the schedule; `launch` says what is passed."""
    programs = tl.num_programs(0)
    program = programs - 1 - tl.program_id(0)
    launch = tl.load(launches + program) + 1
    SLOT_ROWS: tl.constexpr = min(ROWS, COUNT)
    OUTPUTS: tl.constexpr = HEADS * BLOCKS
    UNIT: tl.constexpr = TILE * max(CHUNK, 1)

    # The line, in units: tiles, or chunks of tiles.  Nothing is read behind the end of the cache.
    sequences = tl.arange(0, BATCH)
    present = sequences < batch
    all_lengths = tl.full([BATCH], 0, tl.int32) + capacity
    if HAS_LENGTHS:
        all_lengths = tl.load(lengths + sequences, mask=present, other=0).to(tl.int32)
    all_starts = tl.zeros([BATCH], tl.int32)
    if HAS_STARTS:
        all_starts = tl.minimum(tl.load(starts + sequences, mask=present, other=0).to(tl.int32), capacity)
    all_lengths = tl.minimum(all_lengths, capacity - all_starts)
    units = tl.where(present, tl.maximum((all_lengths + UNIT - 1) // UNIT, 1), 0)
    ends = tl.cumsum(units, 0) * OUTPUTS
    line = tl.sum(units, 0) * OUTPUTS
    active = tl.minimum(programs, tl.maximum((line + 1) // 2, batch * OUTPUTS))
    share = line // active
    rest = line % active
    place = program * share + tl.minimum(program, rest)
    end = place + share + tl.where(program < rest, 1, 0)
    if program >= active:
        end = place

    row_places = tl.arange(0, ROWS)
    columns = tl.arange(0, PADDED)
    while place < end:
        # The output of this place, and how far this program goes in it.
        sequence = tl.sum((ends <= place).to(tl.int32), 0)
        chosen = sequences == sequence
        count = tl.sum(tl.where(chosen, units, 0), 0)
        length = tl.sum(tl.where(chosen, all_lengths, 0), 0)
        start = tl.sum(tl.where(chosen, all_starts, 0), 0)
        before = tl.sum(tl.where(chosen, ends, 0), 0) - count * OUTPUTS
        among = (place - before) // count
        begin = before + among * count
        head = among // BLOCKS
        first = place - begin
        last = tl.minimum(end - begin, count)

        row_numbers = (among % BLOCKS) * ROWS + row_places
        row_there = row_numbers < COUNT
        at = (sequence * HEADS + head).to(tl.int64) * COUNT + row_numbers
        cells = at[:, None] * WIDTH + columns[None, :]
        cell_there = row_there[:, None] & (columns < WIDTH)[None, :]
        slot_cells = row_places[:, None] * WIDTH + columns[None, :]
        queries = tl.load(rows + cells, mask=cell_there, other=0.0)

        # Pieces of its own, and if it is the host of an output that goes on, those of the programs that follow.
        own = 1
        base = program
        others = 0
        if CHUNK > 0:
            own = last - first
            base = begin + first
            if first == 0:
                others = count - last
        elif (first == 0) & (last < count):
            final = begin + count - 1
            wide = rest * (share + 1)
            owner = tl.where(final < wide, final // (share + 1), rest + (final - wide) // share)
            others = owner - program

        peak = tl.full([ROWS], float("-inf"), tl.float32)
        total = tl.zeros([ROWS], tl.float32)
        weighted = tl.zeros([ROWS, PADDED], tl.float32)
        for step in range(own + others):
            slot = (base + step).to(tl.int64)
            if step < own:
                low = first
                high = last
                if CHUNK > 0:
                    low = (first + step) * CHUNK
                    high = tl.minimum(low + CHUNK, (length + TILE - 1) // TILE)
                if PAGE > 0:
                    key_base = keys + head.to(tl.int64) * key_head_step
                    value_base = values + head.to(tl.int64) * value_head_step
                else:
                    key_base = keys + sequence.to(tl.int64) * key_batch_step + head.to(tl.int64) * key_head_step
                    value_base = values + sequence.to(tl.int64) * value_batch_step + head.to(tl.int64) * value_head_step
                part_peak, part_total, part_weighted = fold(
                    queries,
                    key_base,
                    value_base,
                    table + sequence.to(tl.int64) * table_step,
                    start,
                    length,
                    low,
                    high,
                    scale,
                    key_step,
                    value_step,
                    key_batch_step,
                    value_batch_step,
                    PAGE,
                    ROWS,
                    TILE,
                    WIDTH,
                    PADDED,
                )
            else:
                while tl.atomic_cas(flags + slot, launch, launch, sem="acquire", scope="gpu") != launch:
                    pass
                tl.debug_barrier()
                part_peak = tl.load(slot_peaks + slot * SLOT_ROWS + row_places, mask=row_there, other=float("-inf"))
                part_total = tl.load(slot_totals + slot * SLOT_ROWS + row_places, mask=row_there, other=0.0)
                part_weighted = tl.load(
                    slot_weighted + slot * SLOT_ROWS * WIDTH + slot_cells, mask=cell_there, other=0.0
                )
            if first > 0:
                tl.store(slot_peaks + slot * SLOT_ROWS + row_places, part_peak, mask=row_there)
                tl.store(slot_totals + slot * SLOT_ROWS + row_places, part_total, mask=row_there)
                tl.store(slot_weighted + slot * SLOT_ROWS * WIDTH + slot_cells, part_weighted, mask=cell_there)
                tl.debug_barrier()  # every thread's numbers are there before one thread says so
                tl.atomic_xchg(flags + slot, launch, sem="release", scope="gpu")
            else:
                top = tl.maximum(peak, part_peak)
                zero = tl.where(top == float("-inf"), 0.0, top)
                ours = tl.exp2(peak - zero)
                theirs = tl.exp2(part_peak - zero)
                total = ours * total + theirs * part_total
                weighted = ours[:, None] * weighted + theirs[:, None] * part_weighted
                peak = top
        if first == 0:
            empty = total == 0.0
            total = tl.where(empty, 1.0, total)
            result = weighted / total[:, None]
            tl.store(output + cells, result.to(output.dtype.element_ty), mask=cell_there)
            sums = tl.where(empty, float("-inf"), (peak + tl.log2(total)) * 0.6931471805599453)
            tl.store(logsumexp + at, sums, mask=row_there)
        place = begin + last
    tl.store(launches + program, launch)
