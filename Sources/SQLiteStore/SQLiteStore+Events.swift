import CloudEvents
import FoundationEssentials
import GRDB
package import Ports

extension SQLiteStore: EventQueries {
    package func events(_ query: EventQuery) async throws -> [RecordedEvent] {
        if let id = query.newestID, let event = recent.event(id) { return [event] }
        let search = EventSearch(query)
        if search.needsSummaries { try await summarize() }
        return try await read("events") { db in try Self.events(at: try search.page(db), db) }
    }

    package func page(_ query: EventQuery) async throws -> EventPage {
        let search = EventSearch(query)
        if search.needsSummaries || search.isCounted { try await summarize() }
        return try await read("events") { db in
            let page = try search.page(db)
            return EventPage(events: try Self.events(at: page, db), total: try search.total(with: page, db))
        }
    }

    package func documents(_ query: EventQuery, counts: Bool) async throws -> EventDocuments {
        let search = EventSearch(query)
        if search.needsSummaries || counts && search.isCounted { try await summarize() }
        return try await read("events") { db in
            let page = try search.page(db)
            return EventDocuments(
                events: try Self.documents(at: page, db), total: counts ? try search.total(with: page, db) : nil)
        }
    }

    private static func documents(at positions: [Int64], _ db: Database) throws -> [JSON] {
        let statement = try db.cachedStatement(sql: "SELECT body FROM events WHERE seq = ?")
        return try positions.compactMap { position in
            // What is stored was checked when it came.
            try Data.fetchOne(statement, arguments: [position]).map { JSON(valid: Array($0)[...]) }
        }
    }
}

/// The terms of a WHERE clause with their arguments.
struct Conditions: Sendable {
    private var terms: [String] = []
    private(set) var arguments = StatementArguments()

    mutating func add(_ term: String, _ values: StatementArguments = []) {
        terms.append(term)
        arguments += values
    }

    /// A column that has to have this value; nil and empty mean any.
    mutating func equal(_ column: String, _ value: String?) {
        if let value = value.wanted { add("\(column) = ?", [value]) }
    }

    /// A column that has to have one of these values; none mean any.
    mutating func oneOf(_ column: String, _ values: [String]) {
        guard !values.isEmpty else { return }
        add("\(column) IN (SELECT value FROM json_each(?))", [JSON.array(values.map { .string($0) }).text])
    }

    mutating func between(_ column: String, after: Timestamp?, before: Timestamp?) {
        if let after { add("\(column) > ?", [after.nanoseconds]) }
        if let before { add("\(column) < ?", [before.nanoseconds]) }
    }

    var sql: String { terms.isEmpty ? "TRUE" : terms.joined(separator: " AND ") }
}

/// A query for events as SQL. The index is named, as SQLite would have to guess which of the conditions is rare.
private struct EventSearch: Sendable {
    private let query: EventQuery
    private let table: String
    private let conditions: Conditions
    /// Whether the page is found by the summaries.
    let needsSummaries: Bool
    private static let isInvalidated = """
        triggered_id IN (
            SELECT triggered_id FROM events INDEXED BY events_invalidating WHERE substr(type, -12) = '.invalidated'
        )
        """

    init(_ query: EventQuery) {
        self.query = query
        var conditions = Conditions()
        conditions.equal("id", query.id)
        conditions.equal("context", query.context)
        conditions.equal("triggered_id", query.triggeredID)
        conditions.equal("project", query.project)
        let index = Self.index(for: query)
        if index == Schema.evaluationsIndex {
            // SQLite takes the index of some rows only where it sees that no others are wanted.
            conditions.add("type = '\(Schema.evaluationType)'")
        } else {
            conditions.equal("type", query.type)
        }
        conditions.equal("stage", query.stage)
        conditions.equal("service", query.service)
        conditions.equal("source", query.source)
        conditions.oneOf("result", query.results)
        conditions.between("time_ns", after: query.from, before: query.before)
        if query.rootOnly { conditions.add("is_root = 1") }
        needsSummaries = index == "events_by_type" && query.project.wanted == nil
        if needsSummaries, let type = query.type {
            conditions.add("project IN (SELECT project FROM event_counts WHERE type = ?)", [type])
        }
        table = index.map { "events INDEXED BY \($0)" } ?? "events NOT INDEXED"
        self.conditions = conditions
    }

    private static func index(for query: EventQuery) -> String? {
        if query.id.wanted != nil { return "events_by_identity" }
        if query.triggeredID.wanted != nil { return "events_by_trigger" }
        if query.context.wanted != nil { return "events_by_context" }
        if query.rootOnly { return "events_by_root" }
        if query.type == Schema.evaluationType,
            [query.project, query.stage, query.service].allSatisfy({ $0.wanted != nil })
        {
            return Schema.evaluationsIndex
        }
        if query.type.wanted != nil { return "events_by_type" }
        return query.project.wanted == nil ? nil : "events_by_project"
    }

    /// The positions on the wanted page, newest first.
    func page(_ db: Database) throws -> [Int64] {
        var conditions = conditions
        if query.excludeInvalidated { conditions.add("(\(Self.isInvalidated)) IS NOT TRUE") }
        let statement = try db.cachedStatement(
            sql: "SELECT seq FROM \(table) WHERE \(conditions.sql) ORDER BY seq DESC LIMIT ? OFFSET ?")
        return try Int64.fetchAll(
            statement, arguments: conditions.arguments + [max(query.limit, 0), max(query.offset, 0)])
    }

    /// - Parameter page: the positions on the wanted page, which may say it.
    func total(with page: [Int64], _ db: Database) throws -> Int {
        let isLastPage = page.count < query.limit && (query.offset <= 0 || !page.isEmpty)
        let seen = page.isEmpty ? 0 : max(query.offset, 0) + page.count
        // The summaries may not know the events of this very moment.
        return isLastPage ? seen : max(try count(db), seen)
    }

    /// Everything that matches. What was invalidated is subtracted: to look at each event for that would take long.
    private func count(_ db: Database) throws -> Int {
        let all = try isCounted ? counted(db) : number(of: conditions, in: table, db)
        guard query.excludeInvalidated else { return all }
        var invalidated = conditions
        invalidated.add(Self.isInvalidated)
        return try all - number(of: invalidated, in: "events INDEXED BY events_by_trigger", db)
    }

    private func number(of conditions: Conditions, in table: String, _ db: Database) throws -> Int {
        let statement = try db.cachedStatement(sql: "SELECT COUNT(*) FROM \(table) WHERE \(conditions.sql)")
        return try Int.fetchOne(statement, arguments: conditions.arguments) ?? 0
    }

    /// Whether only the project, the type and the first events are asked for: the summaries know the number.
    var isCounted: Bool {
        var rest = query
        (rest.project, rest.type, rest.rootOnly, rest.excludeInvalidated) = (nil, nil, false, false)
        (rest.limit, rest.offset) = (EventQuery().limit, 0)
        return rest == EventQuery()
    }

    private func counted(_ db: Database) throws -> Int {
        var conditions = Conditions()
        conditions.equal("project", query.project)
        conditions.equal("type", query.type)
        let number = query.rootOnly ? "roots" : "count"
        let statement = try db.cachedStatement(
            sql: "SELECT COALESCE(SUM(\(number)), 0) FROM event_counts WHERE \(conditions.sql)")
        return try Int.fetchOne(statement, arguments: conditions.arguments) ?? 0
    }
}

extension EventQuery {
    /// The id, when the newest event that has it is all that is asked for.
    fileprivate var newestID: String? {
        var rest = self
        rest.id = nil
        rest.limit = EventQuery().limit
        return rest == EventQuery() && limit == 1 ? id.wanted : nil
    }
}
