// Patterns: from unordered entries to a lower triangle by columns, and from that to an adjacency list.
#include "kernel.hpp"

#include <algorithm>

namespace pyasreml {

Pos build_pattern(Index n, Pos entries, const Index* rows, const Index* cols, Pos* start, std::vector<Index>& row,
                  Pos* where) {
    std::vector<Pos> bucket(static_cast<std::size_t>(n) + 1, 0), entry(entries);
    for (Pos e = 0; e < entries; e++) {
        if (cols[e] < 0 || rows[e] < cols[e] || rows[e] >= n) return -1 - e;
        bucket[cols[e] + 1]++;
    }
    for (Index j = 0; j < n; j++) bucket[j + 1] += bucket[j];
    {
        std::vector<Pos> fill(bucket.begin(), bucket.end() - 1);
        for (Pos e = 0; e < entries; e++) entry[fill[cols[e]]++] = e;
    }
    std::vector<Pos> place(n, -1);  // of a row in the current column; stale where below the column's start
    row.clear();
    row.reserve(static_cast<std::size_t>(entries / 2 + n));
    start[0] = 0;
    for (Index j = 0; j < n; j++) {
        const Pos from = static_cast<Pos>(row.size());
        row.push_back(j);
        place[j] = from;
        for (Pos p = bucket[j]; p < bucket[j + 1]; p++) {
            const Index i = rows[entry[p]];
            if (place[i] < from) {
                place[i] = from;
                row.push_back(i);
            }
        }
        std::sort(row.begin() + from + 1, row.end());
        for (Pos p = from; p < static_cast<Pos>(row.size()); p++) place[row[p]] = p;
        for (Pos p = bucket[j]; p < bucket[j + 1]; p++) where[entry[p]] = place[rows[entry[p]]];
        start[j + 1] = static_cast<Pos>(row.size());
    }
    return start[n];
}

void adjacency(const Pattern& c, const Index* number, Index kept, std::vector<Pos>& start,
               std::vector<Index>& neighbour) {
    auto each = [&](auto visit) {
        for (Index j = 0; j < c.n; j++) {
            if (number[j] < 0) continue;
            for (Pos p = c.start[j]; p < c.start[j + 1]; p++)
                if (c.row[p] != j && number[c.row[p]] >= 0) visit(number[c.row[p]], number[j]);
        }
    };
    start.assign(static_cast<std::size_t>(kept) + 1, 0);
    each([&](Index i, Index j) {
        start[i + 1]++;
        start[j + 1]++;
    });
    for (Index j = 0; j < kept; j++) start[j + 1] += start[j];
    neighbour.resize(start[kept]);
    std::vector<Pos> fill(start.begin(), start.end() - 1);
    each([&](Index i, Index j) {
        neighbour[fill[i]++] = j;
        neighbour[fill[j]++] = i;
    });
}

void locate(Pos count, const Index* rows, const Index* cols, const Pos* start, const Index* row, Pos* where) {
    for (Pos e = 0; e < count; e++) {
        const Index *from = row + start[cols[e]], *to = row + start[cols[e] + 1];
        const Index* at = std::lower_bound(from, to, rows[e]);
        where[e] = at != to && *at == rows[e] ? at - row : -1;
    }
}

}  // namespace pyasreml
