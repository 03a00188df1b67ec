import CloudEvents
import Ports

/// Keptn's paging: `pageSize`, and `nextPageKey` as an offset.
struct Page {
    let offset: Int
    /// `Int.max` for everything.
    let size: Int

    /// - Parameter standard: the size where the request asks for none.
    init(_ request: APIRequest, standard: Int = 20, max: Int = 100) throws {
        size = try Self.number(request, "pageSize", 1...max) ?? standard
        offset = try Self.number(request, "nextPageKey", 0...Int.max) ?? 0
    }

    private static func number(_ request: APIRequest, _ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = request.query(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let top = range.upperBound == Int.max ? "" : " to \(range.upperBound)"
            throw KeptnError(
                .invalidInput, "\(name) is '\(text)'; a whole number from \(range.lowerBound)\(top) is needed")
        }
        return number
    }

    func cut<Item>(_ items: [Item]) -> ArraySlice<Item> { items.dropFirst(offset).prefix(size) }

    /// - Parameters:
    ///   - total: how many there are on all pages.
    ///   - count: how many of the total these items are, where it is another number.
    ///   - key: the next page's offset in JSON: a text nearly everywhere, a number in a few lists (K §2.3.8).
    func list(
        _ name: String, _ items: [JSON], total: Int, count: Int? = nil, key: (Int) -> JSON = { .string(String($0)) }
    ) -> JSON {
        let (count, end) = (count ?? items.count, offset + (count ?? items.count))
        return .object([
            (name, .array(items)), ("totalCount", .integer(total)), ("pageSize", size == .max ? nil : .integer(size)),
            ("nextPageKey", end < total && count > 0 ? key(end) : nil),
        ])
    }
}
