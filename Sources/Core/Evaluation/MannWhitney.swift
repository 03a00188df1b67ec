import Glibc

/// The rank-sum test of Mann and Whitney ("On a Test of Whether one of Two Random Variables is Stochastically Larger
/// than the Other", 1947): whether values now tend to be higher or lower than earlier ones. It asks nothing of how they
/// are distributed.
package struct MannWhitney: Sendable, Hashable {
    /// How often a value now is above an earlier one, over all pairs; a tie counts half.
    package let u: Double
    /// Cliff's delta: the share of pairs in which now is higher minus that in which it is lower, -1...1.
    package let effect: Double
    /// The probability of a difference like this one or larger, if there was none: in any direction, up, down.
    package let probability: Double
    package let probabilityHigher: Double
    package let probabilityLower: Double

    /// Up to so many pairs without ties the distribution of U is counted, above it is taken as normal.
    static let exactPairsMax = 400

    /// Nil when there are no values on one side.
    package init?(now: [Double], before: [Double]) {
        guard !now.isEmpty, !before.isEmpty else { return nil }
        let (n, m) = (Double(now.count), Double(before.count))
        let ranking = Self.ranks(now, before)
        u = ranking.sum - n * (n + 1) / 2
        effect = 2 * u / (n * m) - 1
        if ranking.tieTerm == 0, now.count * before.count <= Self.exactPairsMax {
            let tails = Self.tails(now.count, before.count)
            (probabilityHigher, probabilityLower) = (tails[Int(u)], tails[now.count * before.count - Int(u)])
        } else {
            let total = n + m
            let variance = n * m / 12 * (total + 1 - ranking.tieTerm / (total * (total - 1)))
            let (up, down) = (u, n * m - u)
            (probabilityHigher, probabilityLower) = (
                Self.normalTail(up - n * m / 2, variance), Self.normalTail(down - n * m / 2, variance)
            )
        }
        probability = min(1, 2 * min(probabilityHigher, probabilityLower))
    }

    /// The sum of the ranks of the values now, equal ones sharing their ranks' mean; and the sum of t³-t over all
    /// groups of t equal values.
    private static func ranks(_ now: [Double], _ before: [Double]) -> (sum: Double, tieTerm: Double) {
        let all = (now.map { ($0, true) } + before.map { ($0, false) }).sorted { $0.0 < $1.0 }
        var (sum, tieTerm) = (0.0, 0.0)
        var start = 0
        while start < all.count {
            var end = start
            while end < all.count, all[end].0 == all[start].0 { end += 1 }
            let ties = Double(end - start)
            let rank = Double(start + 1 + end) / 2
            sum += rank * Double(all[start..<end].count { $0.1 })
            tieTerm += ties * ties * ties - ties
            start = end
        }
        return (sum, tieTerm)
    }

    /// P(U >= u) for every u from 0 to n·m. The ways to a U are the coefficients of the Gaussian binomial, which is
    /// built factor by factor; they stay below 2^53.
    private static func tails(_ n: Int, _ m: Int) -> [Double] {
        let uMax = n * m
        var ways = [Double](repeating: 0, count: uMax + 1)
        ways[0] = 1
        for i in 1...n {
            if m + i <= uMax { for u in stride(from: uMax, through: m + i, by: -1) { ways[u] -= ways[u - m - i] } }
            for u in stride(from: i, through: uMax, by: 1) { ways[u] += ways[u - i] }
        }
        let all = ways.reduce(0, +)
        var tail = 0.0
        var tails = ways
        for u in stride(from: uMax, through: 0, by: -1) {
            tail += ways[u]
            tails[u] = tail / all
        }
        return tails
    }

    /// With the correction for continuity.
    private static func normalTail(_ distance: Double, _ variance: Double) -> Double {
        guard variance > 0 else { return 1 }
        return min(1, erfc((distance - 0.5) / variance.squareRoot() / 2.0.squareRoot()) / 2)
    }
}
