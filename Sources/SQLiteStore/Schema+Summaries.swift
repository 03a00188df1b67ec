/// How far the summaries have come, and the index of the only types of which the newest events of many places are
/// listed: what a list never asks for is not in it.
extension Schema {
    static let listedTypes = [evaluationType, "sh.keptn.event.deployment.finished"]
    static let isListed = "type IN (\(listedTypes.map { "'\($0)'" }.joined(separator: ", ")))"
    static let listedIndex = "latest_events_listed"

    static let summaries = """
        CREATE TABLE summaries (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            position INTEGER NOT NULL CHECK (position >= 0)
        ) STRICT;
        INSERT INTO summaries (one, position) SELECT 1, COALESCE(MAX(seq), 0) FROM events;
        DROP INDEX IF EXISTS latest_events_by_type;
        CREATE INDEX \(listedIndex) ON latest_events (type, project) WHERE \(isListed);
        """
}
