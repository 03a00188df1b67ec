import KeptnModel

/// `remediation.yaml` before spec 0.1.4 (K §1.13): a list at the top, without `spec`. A problem's title begins with the
/// name of its remediation. Keptn tried the first action only; here all are tried in their order.
extension RemediationSpec {
    /// What tells the forms apart: 0.1 calls its lists `actionsOnOpen`, 0.5 and 0.6 call them `actions`.
    private static let listNames = (today: "actionsOnOpen", old: "actions")

    static func isOld(_ root: Place) -> Bool {
        guard case .mapping(let pairs) = root.node.content else { return false }
        let keys = pairs.map(\.key)
        return keys.contains("remediations") && !keys.contains("apiVersion") && !keys.contains("spec")
    }

    init(readingOld root: Place) {
        let list = root.fields(["version", "remediations"]).required("remediations")
        let actions = list.map(Self.actionsKey) ?? Self.listNames.old
        self.init(
            remediations: Self.remediations(list, type: "name", actions: actions, matching: .beginning))
    }

    private static func actionsKey(_ list: Place) -> String {
        guard case .sequence(let nodes) = list.node.content else { return listNames.old }
        let isLater = nodes.contains { node in
            guard case .mapping(let pairs) = node.content else { return false }
            return pairs.contains { $0.key == listNames.today }
        }
        return isLater ? listNames.today : listNames.old
    }
}
