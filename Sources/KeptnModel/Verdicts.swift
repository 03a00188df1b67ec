/// The verdict of a task or sequence (`data.result`).
public enum KeptnResult: String, Sendable, Codable, CaseIterable {
    case pass, warning, fail
}

/// Whether the executor of a task worked (`data.status`), whatever its verdict.
public enum KeptnStatus: String, Sendable, Codable, CaseIterable {
    case succeeded, errored, unknown, aborted
}
