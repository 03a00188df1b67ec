import Synchronization

/// How many requests were answered how, by route.
package final class RequestStatistics: Sendable {
    package struct Key: Sendable, Hashable {
        package var route: String
        package var method: String
        package var status: Int
    }

    package struct Figures: Sendable, Hashable {
        package var count = 0
        package var seconds = 0.0
    }

    private let figures = Mutex<[Key: Figures]>([:])

    package init() {}

    package func note(route: String, method: String, status: Int, after duration: Duration) {
        let parts = duration.components
        figures.withLock {
            let key = Key(route: route, method: method, status: status)
            $0[key, default: Figures()].count += 1
            $0[key, default: Figures()].seconds += Double(parts.seconds) + Double(parts.attoseconds) / 1e18
        }
    }

    package var all: [Key: Figures] { figures.withLock { $0 } }
}
