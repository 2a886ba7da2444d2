// Finding leaves that are copies of each other: by hashes of all that their rows of C and their right-hand sides are
// made of, unknowns and effects numbered within the leaf, residuals named by what they are added to.
#include "alike.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace pyasreml {
namespace {

constexpr Index FEWEST = 4;   // copies
constexpr double ADD = 8;     // multiply-adds of dense products in the time of one number filled in
constexpr Hash OUTSIDE = Hash(1) << 40;

enum Kind : Hash { UNKNOWN, KNOWN, SCORE, ERROR, WHOLE, MATRIX, ROW, MOVE };

inline Hash follow(Hash h, Hash x) {
    h = (h ^ x) * 0x9fb21c651e98df25u;
    return h ^ (h >> 29);
}

template <class... More>
Hash mix(Hash a, More... more) {
    Hash h = follow(0x9e3779b97f4a7c15u, a);
    ((h = follow(h, static_cast<Hash>(more))), ...);
    return finish(h);
}

struct Lists {  // of each leaf, ascending
    std::vector<Pos> start;
    std::vector<Index> item;
    Lists() = default;
    Lists(const std::vector<Index>& own, Index leaves) : start(leaves + 1, 0), item(own.size()) {
        for (Index g : own)
            if (g >= 0) start[g + 1]++;
        for (Index g = 0; g < leaves; g++) start[g + 1] += start[g];
        std::vector<Pos> next(start.begin(), start.end() - 1);
        for (std::size_t i = 0; i < own.size(); i++)
            if (own[i] >= 0) item[next[own[i]]++] = static_cast<Index>(i);
    }
    const Index* of(Index g) const { return item.data() + start[g]; }
    Index size(Index g) const { return static_cast<Index>(start[g + 1] - start[g]); }
};

std::vector<Index> ranks(const std::vector<Index>& own, const Lists& lists, Index leaves) {
    std::vector<Index> out(own.size(), 0);
    for (Index g = 0; g < leaves; g++)
        for (Index i = 0; i < lists.size(g); i++) out[lists.of(g)[i]] = i;
    return out;
}

// Calls f(leaf, contribution) for the leaves that are wanted. Leaves with an entry in common are bad.
template <class Want, class F>
void each(const Origins& o, const std::vector<Index>& effect, const std::vector<Index>& record,
          std::vector<unsigned char>& bad, Want wanted, F f) {
    auto want = [&](Index g) { return g >= 0 && wanted(g); };
    auto both = [&](Index a, Index b) {
        if (a >= 0 && b >= 0 && a != b) bad[a] = bad[b] = 1;
        return a >= 0 ? a : b;
    };
    if (o.column)
        for (Pos k = 0; k < o.residual.count; k++) {
            const EntryView& m = o.residual;
            const Index r = static_cast<Index>(m.row[k]), q = static_cast<Index>(m.col[k]), c = o.column[m.basis[k]];
            if (c < 0) continue;
            const Index g = both(record[r], record[q]);
            if (!want(g)) continue;
            auto add = [&](Index row, Index e) {
                for (Pos p = o.w.start[row]; p < o.w.start[row + 1]; p++)
                    f(g, Contribution{true, o.w.col[p], c, o.errors() + e, -m.value[k] * o.w.value[p], -1});
            };
            add(r, q);
            if (r != q) add(q, r);
        }
    if (o.start) {
        for (Pos k = 0; k < o.record.count; k++) {
            const EntryView& m = o.record;
            const Index r = static_cast<Index>(m.row[k]), q = static_cast<Index>(m.col[k]);
            const Index g = both(effect[r], effect[q]);
            if (!want(g)) continue;
            auto add = [&](Index i, Index j) {
                for (Pos p = o.move_start[j]; p < o.move_start[j + 1]; p++)
                    f(g, Contribution{true, i, o.move_column[p], o.move_source[p], m.value[k],
                                      static_cast<Index>(m.basis[k])});
            };
            add(r, q);
            if (r != q) add(q, r);
        }
        for (Index i = 0; i < o.effects; i++)
            for (Pos p = o.move_start[i]; p < o.move_start[i + 1] && want(effect[i]); p++)
                if (o.move_source[p] < o.unknowns)
                    f(effect[i], Contribution{false, o.move_source[p], o.move_column[p], o.scores() + i, -1.0, -1});
    }
    for (const Origins::Prior& prior : o.priors)
        for (Pos k = 0; k < prior.entries.count; k++) {
            const EntryView& m = prior.entries;
            const Index r = static_cast<Index>(m.row[k]) + prior.at, q = static_cast<Index>(m.col[k]) + prior.at;
            const Index g = both(o.own[r], o.own[q]), c = prior.column + static_cast<Index>(m.basis[k]);
            if (!want(g)) continue;
            f(g, Contribution{false, r, c, q, m.value[k], -1});
            if (r != q) f(g, Contribution{false, q, c, r, m.value[k], -1});
        }
    Pos base = o.whole();
    for (const Origins::Dense& d : o.dense) {
        for (Index i = 0; i < o.effects; i++)
            for (Index q = 0; q < d.width && want(effect[i]); q++)
                f(effect[i], Contribution{true, i, d.column + q, base + static_cast<Pos>(i) * d.width + q, 1.0, -1});
        base += static_cast<Pos>(o.effects) * d.width;
    }
}

}  // namespace

struct Alike::Found {
    std::vector<Index> unknown, effect, record;  // leaf of each, or -1
    Lists unknowns, effects;
    std::vector<Index> unknown_rank, effect_rank;
    std::vector<Hash> label;         // of every residual: what it is added to; 0 for nothing
    std::vector<Index> residuals;    // those of every leaf by label
    std::vector<Pos> residual_start;
    std::vector<unsigned char> bad;  // leaves that are not to be summed

    explicit Found(const Origins& o);
    Hash of_unknown(Index u, Index g) { return code(unknown, unknown_rank, u, g); }
    Hash of_effect(Index i, Index g) { return code(effect, effect_rank, i, g); }
    void sort_residuals(Index leaves);

  private:
    Hash code(const std::vector<Index>& own, const std::vector<Index>& rank, Index i, Index g) {
        if (own[i] == g) return static_cast<Hash>(rank[i]);
        if (own[i] >= 0) bad[g] = bad[own[i]] = 1;
        return OUTSIDE + static_cast<Hash>(i);
    }
};

Alike::Found::Found(const Origins& o)
    : unknown(o.own, o.own + o.unknowns), effect(o.effects, -1), record(o.records, -1), label(o.records, 0),
      bad(o.leaves, 0) {
    auto join = [&](Index& to, Index g) {
        if (g < 0) return;
        if (to >= 0 && to != g) bad[to] = bad[g] = 1;
        if (to < 0) to = g;
    };
    for (Index i = 0; i < o.effects; i++) {
        if (!o.start) join(effect[i], o.own[i]);
        else
            for (Pos p = o.start[i]; p < o.start[i + 1]; p++) join(effect[i], o.own[o.unknown[p]]);
    }
    for (Index r = 0; r < o.records; r++)
        for (Pos p = o.w.start[r]; p < o.w.start[r + 1]; p++) join(record[r], effect[o.w.col[p]]);
    unknowns = Lists(unknown, o.leaves);
    effects = Lists(effect, o.leaves);
    unknown_rank = ranks(unknown, unknowns, o.leaves);
    effect_rank = ranks(effect, effects, o.leaves);
}

void Alike::Found::sort_residuals(Index leaves) {
    std::vector<Index> own(record);
    for (std::size_t r = 0; r < own.size(); r++)
        if (!label[r]) own[r] = -1;
    Lists lists(own, leaves);
    for (Index g = 0; g < leaves; g++)
        std::sort(lists.item.begin() + lists.start[g], lists.item.begin() + lists.start[g + 1],
                  [&](Index a, Index b) { return label[a] < label[b] || (label[a] == label[b] && a < b); });
    residuals = std::move(lists.item);
    residual_start = std::move(lists.start);
}

namespace {

// Kind of a source, its unknown, effect or record, and its column among those of its kind.
struct Source {
    Kind kind;
    Index item;
    Pos base;
    Index width;
    Hash which;
};

Source source_of(const Origins& o, Pos id) {
    if (id < o.unknowns) return {UNKNOWN, static_cast<Index>(id), 0, 1, 0};
    if (id < o.scores()) return {KNOWN, static_cast<Index>(id - o.known()), o.known(), 1, 0};
    if (id < o.errors()) return {SCORE, static_cast<Index>(id - o.scores()), o.scores(), 1, 0};
    if (id < o.whole()) return {ERROR, static_cast<Index>(id - o.errors()), o.errors(), 1, 0};
    Pos base = o.whole();
    Hash which = 0;
    auto within = [&](Index width) { return id < base + static_cast<Pos>(o.effects) * width; };
    for (const Origins::Dense& d : o.dense) {
        if (within(d.width)) break;
        base += static_cast<Pos>(o.effects) * d.width;
        which++;
    }
    const Index width = which < o.dense.size() ? o.dense[which].width : o.width;
    const Pos at = id - base;
    return {WHOLE, static_cast<Index>(at / width), base + at % width, width, which * 4096 + static_cast<Hash>(at % width)};
}

}  // namespace

Alike::Alike(const Symbolic& s, const Origins& o)
    : unknowns(o.unknowns, 0), effects(o.effects, 0), records(o.records, 0) {
    Found f(o);
    std::vector<Hash> signature(o.leaves, 0);
    auto of_source = [&](Pos id, Index g) {
        const Source x = source_of(o, id);
        return mix(x.kind, x.which, x.kind == UNKNOWN ? f.of_unknown(x.item, g) : f.of_effect(x.item, g));
    };
    auto any = [](Index) { return true; };
    each(o, f.effect, f.record, f.bad, any, [&](Index g, const Contribution& x) {
        const Hash at = x.by_effect ? f.of_effect(x.at, g) : f.of_unknown(x.at, g) + 2 * OUTSIDE;
        const Hash h = mix(at, static_cast<Hash>(x.column), bits(x.value), static_cast<Hash>(x.coef + 1));
        if (x.source >= o.errors() && x.source < o.whole()) {
            const Index r = static_cast<Index>(x.source - o.errors());
            if (f.record[r] != g) f.bad[g] = 1;
            f.label[r] += h;
        } else {
            signature[g] += mix(h, of_source(x.source, g));
        }
    });
    for (Index r = 0; r < o.records; r++)
        if (f.record[r] >= 0 && f.label[r]) signature[f.record[r]] += mix(ERROR, f.label[r]);
    for (Pos k = 0; k < o.matrix.count; k++) {
        const Index i = static_cast<Index>(o.matrix.row[k]), j = static_cast<Index>(o.matrix.col[k]);
        const Index g = o.own[i] >= 0 ? o.own[i] : o.own[j];
        if (g < 0 || o.matrix.value[k] == 0) continue;
        const Hash a = f.of_unknown(i, g), b = f.of_unknown(j, g);
        signature[g] += mix(MATRIX, std::min(a, b), std::max(a, b), static_cast<Hash>(o.matrix.basis[k]),
                            bits(o.matrix.value[k]));
    }
    if (o.start)
        for (Index i = 0; i < o.effects; i++) {
            const Index g = f.effect[i];
            if (g < 0) continue;
            for (Pos p = o.start[i]; p < o.start[i + 1]; p++)
                signature[g] +=
                    mix(ROW, f.of_effect(i, g), f.of_unknown(o.unknown[p], g), static_cast<Hash>(o.entry[p]));
            for (Pos p = o.move_start[i]; p < o.move_start[i + 1]; p++)
                signature[g] += mix(MOVE, f.of_effect(i, g), of_source(o.move_source[p], g),
                                    static_cast<Hash>(o.move_column[p]));
        }

    std::unordered_map<Hash, Index> number;
    std::vector<std::vector<Index>> members;
    for (Index g = 0; g < o.leaves; g++) {
        if (f.bad[g]) continue;
        const Hash h =
            mix(signature[g], static_cast<Hash>(f.unknowns.size(g)), static_cast<Hash>(f.effects.size(g)));
        const Index at = number.emplace(h, static_cast<Index>(members.size())).first->second;
        if (at == static_cast<Index>(members.size())) members.emplace_back();
        members[at].push_back(g);
    }
    std::vector<Index> kind(o.leaves, -1);  // class that a leaf stands for
    for (std::size_t a = 0; a < members.size(); a++)
        if (static_cast<Index>(members[a].size()) >= FEWEST) kind[members[a][0]] = static_cast<Index>(a);
    std::vector<std::vector<Contribution>> of_first(members.size());
    auto stands = [&](Index g) { return kind[g] >= 0; };
    each(o, f.effect, f.record, f.bad, stands, [&](Index g, const Contribution& x) { of_first[kind[g]].push_back(x); });
    f.sort_residuals(o.leaves);
    std::vector<unsigned char> taken(o.leaves, 0);
    for (std::size_t a = 0; a < members.size(); a++) {
        if (of_first[a].empty()) continue;
        Class found = build(s, o, f, members[a], of_first[a]);
        if (!pays(found)) continue;
        classes_.push_back(std::move(found));
        for (Index g : members[a]) taken[g] = 1;
    }
    auto mark = [&](const std::vector<Index>& own, std::vector<unsigned char>& out) {
        for (std::size_t i = 0; i < own.size(); i++) out[i] = own[i] >= 0 && taken[own[i]];
    };
    mark(f.unknown, unknowns);
    mark(f.effect, effects);
    mark(f.record, records);
}

namespace {

// Numbers of F with what adds to them, the same place once.
template <class Rights, class Right, class Term>
void collect(std::vector<std::pair<Right, Term>>& found, Rights& out) {
    auto key = [](const std::pair<Right, Term>& x) {
        return std::make_tuple(x.first.at, x.first.column, x.first.source, x.second.coef, x.second.entry);
    };
    std::stable_sort(found.begin(), found.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
    for (std::size_t k = 0; k < found.size(); k++) {
        const auto& [place, term] = found[k];
        if (k && key(found[k]) == key(found[k - 1])) {
            out.terms.back().value += term.value;
            continue;
        }
        const bool known = k && place.at == out.place.back().at && place.column == out.place.back().column &&
                           place.source == out.place.back().source;
        if (!known) out.place.push_back(place);
        out.terms.push_back(term);
        out.terms.back().to = static_cast<Index>(out.place.size()) - 1;
    }
    out.value.resize(out.place.size());
}

}  // namespace

Alike::Class Alike::build(const Symbolic& s, const Origins& o, const Found& f, const std::vector<Index>& members,
                          const std::vector<Contribution>& of_first) {
    Class k;
    const Index first = members[0], size = f.unknowns.size(first);
    k.members = static_cast<Index>(members.size());
    k.unknowns.assign(f.unknowns.of(first), f.unknowns.of(first) + size);
    std::sort(k.unknowns.begin(), k.unknowns.end(), [&](Index a, Index b) { return s.inverse[a] < s.inverse[b]; });
    for (Index u : k.unknowns) k.pivots.push_back(s.inverse[u]);
    std::vector<Index> row(size);  // by rank
    for (Index q = 0; q < size; q++) row[f.unknown_rank[k.unknowns[q]]] = q;

    // sources: those with places of their own, then residuals by what they are added to
    Pos whole = o.whole();
    for (const Origins::Dense& d : o.dense) whole += static_cast<Pos>(o.effects) * d.width;
    std::vector<Pos> placed;
    auto is_error = [&](Pos id) { return id >= o.errors() && id < o.whole(); };
    for (const Contribution& x : of_first)
        if (!is_error(x.source)) placed.push_back(x.source);
    auto each_move = [&](auto g) {
        for (Index e = 0; e < f.effects.size(first); e++) {
            const Index i = f.effects.of(first)[e];
            if (o.start)
                for (Pos p = o.move_start[i]; p < o.move_start[i + 1]; p++) g(i, o.move_column[p], Pos(o.move_source[p]));
            for (Index q = 0; q < o.width; q++) g(i, o.from + q, whole + static_cast<Pos>(i) * o.width + q);
        }
    };
    each_move([&](Index, Index, Pos id) { placed.push_back(id); });
    std::sort(placed.begin(), placed.end());
    placed.erase(std::unique(placed.begin(), placed.end()), placed.end());
    k.count.assign(placed.size(), 1);
    const Index* errors = f.residuals.data() + f.residual_start[first];
    const Index many = static_cast<Index>(f.residual_start[first + 1] - f.residual_start[first]);
    std::vector<Index> group(many);
    for (Index q = 0; q < many; q++) {
        if (q && f.label[errors[q]] == f.label[errors[q - 1]]) k.count.back()++;
        else k.count.push_back(1);
        group[q] = static_cast<Index>(k.count.size()) - 1;
    }
    // -1 for a residual that another one stands for
    auto number = [&](Pos id) -> Index {
        if (!is_error(id))
            return static_cast<Index>(std::lower_bound(placed.begin(), placed.end(), id) - placed.begin());
        const Index r = static_cast<Index>(id - o.errors());
        const Index q = static_cast<Index>(
            std::lower_bound(errors, errors + many, f.label[r], [&](Index a, Hash h) { return f.label[a] < h; }) - errors);
        return errors[q] == r ? group[q] : -1;
    };
    for (Index g : members) {
        for (Pos id : placed) {
            const Source x = source_of(o, id);
            const bool by_unknown = x.kind == UNKNOWN;
            const std::vector<Index>& own = by_unknown ? f.unknown : f.effect;
            Index item = x.item;
            if (own[item] == first)
                item = by_unknown ? f.unknowns.of(g)[f.unknown_rank[item]] : f.effects.of(g)[f.effect_rank[item]];
            k.index.push_back(x.base + static_cast<Pos>(item) * x.width);
        }
        for (Index q = 0; q < many; q++) k.index.push_back(o.errors() + f.residuals[f.residual_start[g] + q]);
    }

    std::vector<std::pair<Right, Term>> inner, outer, others, of_effects;
    auto at_unknown = [&](Index u, Index c, Index p, Term t) {
        if (f.unknown[u] == first) inner.push_back({{row[f.unknown_rank[u]], c, p}, t});
        else outer.push_back({{u, c, p}, t});
    };
    for (const Contribution& x : of_first) {
        const Index p = number(x.source);
        if (p < 0) continue;
        Term t{0, x.coef, -1, x.value};
        if (!x.by_effect) {
            at_unknown(x.at, x.column, p, t);
        } else if (f.effect[x.at] != first) {
            others.push_back({{x.at, x.column, p}, t});
        } else {
            if (o.start || o.width) of_effects.push_back({{f.effect_rank[x.at], x.column, p}, t});
            if (!o.start) at_unknown(x.at, x.column, p, t);
            else
                for (Pos e = o.start[x.at]; e < o.start[x.at + 1]; e++) {
                    t.entry = o.entry[e];
                    at_unknown(o.unknown[e], x.column, p, t);
                }
        }
    }
    collect(inner, k.inner);
    collect(outer, k.outer);
    collect(others, k.others);
    collect(of_effects, k.effects);

    std::vector<std::pair<Index, Index>> distinct;
    for (const Right& r : k.inner.place) distinct.push_back({r.column, r.source});
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (const auto& [c, p] : distinct) k.distinct.push_back({0, c, p});
    for (const Right& r : k.inner.place)
        k.number.push_back(static_cast<Index>(
            std::lower_bound(distinct.begin(), distinct.end(), std::make_pair(r.column, r.source)) - distinct.begin()));
    std::size_t from = 0, to = 0;
    Index last = -1;
    each_move([&](Index i, Index c, Pos id) {
        const Index rank = f.effect_rank[i];
        if (rank != last) {
            for (from = to; from < k.effects.place.size() && k.effects.place[from].at < rank; from++) {}
            for (to = from; to < k.effects.place.size() && k.effects.place[to].at == rank; to++) {}
            last = rank;
        }
        for (std::size_t r = from; r < to; r++) k.pairs.push_back({c, number(id), static_cast<Index>(r)});
    });
    return k;
}

// Whether the products of the sources cost less than those of the leaves one by one.
bool Alike::pays(const Class& k) {
    const double many = static_cast<double>(k.distinct.size()), sources = static_cast<double>(k.count.size());
    std::vector<Index> columns;
    double alone = 0;
    for (std::size_t a = 0, b = 0; a < k.inner.place.size(); a = b) {
        columns.push_back(k.inner.place[a].column);
        double wide = 1;
        for (b = a + 1; b < k.inner.place.size() && k.inner.place[b].at == k.inner.place[a].at; b++) {
            wide += k.inner.place[b].column != columns.back();
            columns.push_back(k.inner.place[b].column);
        }
        alone += wide * wide;
    }
    std::sort(columns.begin(), columns.end());
    const double all = static_cast<double>(std::unique(columns.begin(), columns.end()) - columns.begin());
    const double added =
        static_cast<double>(k.inner.terms.size() + k.outer.terms.size() + k.others.terms.size() + k.effects.terms.size());
    return many * many * static_cast<double>(k.pivots.size()) + sources * sources * k.members <
           (alone + all * all + ADD * added) * k.members;
}

}  // namespace pyasreml
