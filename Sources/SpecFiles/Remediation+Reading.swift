import CloudEvents
import KeptnModel

/// `remediation.yaml` of spec 0.1.4 (K §3.4); earlier forms in `Remediation+OldReading.swift`.
extension RemediationSpec {
    init(reading root: Place) {
        guard !Self.isOld(root) else {
            self.init(readingOld: root)
            return
        }
        let file = root.fields(["apiVersion", "kind", "metadata", "spec"])
        if let version = file.required("apiVersion"), version.text() != Self.apiVersion {
            version.error("'apiVersion' needs '\(Self.apiVersion)', found \(version.node.found)")
        }
        if let kind = file["kind"] {
            if kind.text() != "Remediation" {
                let advice = didYouMean(kind.text(), among: ["Remediation"])
                kind.error("'kind' needs 'Remediation', found \(kind.node.found)\(advice)")
            }
        } else if file.isMapping {
            root.warning("the file has no 'kind'; Keptn's schema demands 'kind: Remediation'")
        }
        let name = file["metadata"]?.fields(["name"])["name"]?.text()
        if name == nil, file.isMapping {
            root.warning("the file has no 'metadata.name'; Keptn's schema demands it")
        }
        let list = file.required("spec")?.fields(["remediations"]).required("remediations")
        self.init(
            name: name ?? "", remediations: Self.remediations(list, type: "problemType", actions: "actionsOnOpen"))
    }

    /// - Parameters:
    ///   - type: What the form calls the problem's type.
    ///   - actions: What it calls the list of actions.
    static func remediations(
        _ list: Place?, type typeKey: String, actions actionsKey: String, matching: Matching = .name
    ) -> [Remediation] {
        var seen: Set<String> = []
        let remediations = (list?.elements() ?? []).map { place in
            let fields = place.fields([typeKey, actionsKey])
            let type = fields.required(typeKey)
            let problemType = type?.nonEmptyText() ?? ""
            if !problemType.isEmpty, !seen.insert(problemType).inserted {
                type?.warning("there is an earlier remediation of '\(shortened(problemType))', and it counts")
            }
            let actions = fields.required(actionsKey)
            let read = actions?.elements().map(Action.init(reading:)) ?? []
            if let actions, case .sequence = actions.node.content, read.isEmpty {
                actions.error("'\(actionsKey)' is empty; a remediation needs at least one action")
            }
            return Remediation(problemType: problemType, matching: matching, actions: read)
        }
        if let list, case .sequence = list.node.content, remediations.isEmpty {
            list.error("'remediations' is empty; at least one is needed")
        }
        return remediations
    }
}

extension RemediationSpec.Action {
    init(reading place: Place) {
        let fields = place.fields(["name", "action", "description", "value"])
        let action = fields.required("action")
        self.init(
            name: fields["name"]?.text() ?? "", action: action?.nonEmptyText() ?? "",
            description: fields["description"]?.text() ?? "", value: fields["value"]?.json() ?? .null)
        guard let action, !self.action.isEmpty else { return }
        // Others may have actions and values of their own, so that doubts are warnings.
        if let known = BuiltInAction.Name(rawValue: self.action) {
            do throws(ActionMistake) {
                _ = try BuiltInAction(known, value: value)
            } catch {
                (fields["value"] ?? place).warning("\(error)")
            }
        } else {
            let guess = didYouMean(self.action, among: BuiltInAction.Name.allCases.map(\.rawValue))
            if !guess.isEmpty {
                action.warning("nobody here carries out '\(shortened(self.action))'\(guess)")
            }
        }
    }
}
